// Owns what `octoporty config` finds: each setting with its value, who has set it, and what is wrong with it.

import type { ReadConfigFile } from './configText.ts';
import { shownUrl, withoutLogin } from './logins.ts';
import { askedByFile, askedByFlag, MAPPINGS_KEY, mapsOf, parseMap } from './mapFlag.ts';
import { keyOf } from './names.ts';
import { caddyAdminUrlOf, caFileOf, gatewayHostOf, gatewayUrlOf, LOOPBACK_RULES, proxyOf } from './rules.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, isSecret, type Configurable } from './settings.ts';
import { ConfigError, find, labelOf, placeOf, type ConfigSources } from './variables.ts';

export interface Report {
  readonly service: Configurable;
  /** The configuration file that was read; null: there is none. */
  readonly file: string | null;
  readonly rows: readonly Row[];
  /** What is wrong, and with none of the rows. */
  readonly problems: readonly string[];
}

export interface Row {
  /** As a configuration file has it. */
  readonly key: string;
  /** Null where no variable says the same. */
  readonly variable: string | null;
  /** Null: there is none, or nobody may see it. */
  readonly value: string | null;
  readonly isSecret: boolean;
  /** `--listen-port`, `OCTOPORTY_LISTEN_PORT`, `octoporty.yaml:3`; null: nobody has set it. */
  readonly source: string | null;
  /** What holds while nobody has set it, where no value says it. */
  readonly unset: string | null;
  readonly problems: readonly string[];
}

/** What is to be told of, whatever is wrong with it. */
export interface Asked {
  readonly service: Configurable;
  readonly sources: ConfigSources;
  readonly file: ReadConfigFile | null;
  /** `NAME=URL`, as `--map` has it. */
  readonly maps: readonly string[];
}

/** Made up and kept by `octoporty up` where nobody sets them. */
const MADE_BY_UP: ReadonlySet<string> = new Set(['OCTOPORTY_AUTH_SECRET', 'OCTOPORTY_UI_PASSWORD']);

const MADE = 'made at the first start';

const RULES: Readonly<Record<Configurable, readonly ((sources: ConfigSources) => unknown)[]>> = {
  gateway: [caddyAdminUrlOf, gatewayHostOf],
  agent: [gatewayUrlOf, caFileOf, proxyOf],
  up: [caddyAdminUrlOf, gatewayHostOf, caFileOf, ...LOOPBACK_RULES],
};

/** Never throws for what is configured: that is what it tells. */
export function reportOf({ service, sources, file, maps }: Asked): Report {
  const rows = [
    ...Object.entries(SETTINGS[service]).map(([name, setting]) =>
      settingRow(name, setting, sources, service === 'up' && MADE_BY_UP.has(name)),
    ),
    ...(service === 'gateway' ? [] : mapRows(maps, file)),
    ...(service === 'agent' ? proxyRows(sources) : []),
  ];
  const problems: string[] = [];
  for (const { says, setting } of [...(file?.problems ?? []), ...brokenRules(service, sources)]) {
    const told = rows.find(({ variable }) => setting !== null && variable === setting)?.problems ?? problems;
    // A rule reads its setting first, and stumbles over what is wrong with that again.
    if (!told.includes(says)) told.push(says);
  }
  // Of two mappings of one name each is right.
  if (service !== 'gateway' && rows.every((row) => row.problems.length === 0))
    problems.push(...attempt(() => mapsOf(maps, file)).problems.map(({ says }) => says));
  return { service, file: file?.path ?? null, rows, problems };
}

/** How many things are wrong. */
export function problemCount({ rows, problems }: Report): number {
  return rows.reduce((count, row) => count + row.problems.length, problems.length);
}

type OpenRow = Row & { readonly problems: string[] };

function settingRow(
  name: string,
  { schema, defaultText, about }: Setting,
  sources: ConfigSources,
  isMade: boolean,
): OpenRow {
  const { value: found, problems } = attempt(() => find(name, sources));
  const [issue] = isMade && found === undefined ? [] : (schema.safeParse(found?.text).error?.issues ?? []);
  const said = problems.map(({ says }) => says);
  if (issue !== undefined && said.length === 0) said.push(`${labelOf(name, sources)} ${issue.message}`);
  const text = found?.text ?? defaultText?.() ?? null;
  return {
    key: keyOf(name),
    variable: name,
    value:
      text === null || isSecret(name) ? null : about.takes === 'url' ? shownUrl(text) : withoutLogin(text),
    isSecret: isSecret(name),
    source: found === undefined ? null : placeOf(found.origin),
    unset: isMade ? MADE : (about.unset ?? null),
    problems: said,
  };
}

/** Those of the file and of `--map`, which wins where both name one. */
function mapRows(flags: readonly string[], file: ReadConfigFile | null): OpenRow[] {
  const byFlag = flags.map((flag) => attempt(() => askedByFlag(flag)));
  const flagged = byFlag.flatMap(({ value }) => value?.name.toLowerCase() ?? []);
  const byFile = (file === null ? [] : askedByFile(file)).filter(
    ({ name }) => !flagged.includes(name.toLowerCase()),
  );
  const asked = [...byFile.map((value) => ({ value, problems: [] })), ...byFlag];
  return asked.map(({ value: map, problems }): OpenRow => {
    const wrong = map === undefined ? problems : attempt(() => parseMap(map)).problems;
    return {
      key: map === undefined ? MAPPINGS_KEY : `${MAPPINGS_KEY}.${map.name}`,
      variable: null,
      value: map === undefined ? null : shownUrl(map.url),
      isSecret: false,
      source: map?.place ?? '--map',
      unset: null,
      problems: wrong.map(({ says }) => says),
    };
  });
}

/** The one setting of other programs that counts: the way to the gateway. What is wrong with it, its rule tells. */
function proxyRows(sources: ConfigSources): OpenRow[] {
  const { value: proxy } = attempt(() => proxyOf(sources));
  if (proxy === undefined || proxy === null) return [];
  const { variable, url } = proxy;
  const value = withoutLogin(url);
  return [{ key: variable, variable, value, isSecret: false, source: variable, unset: null, problems: [] }];
}

interface Problem {
  readonly says: string;
  /** The variable it is about; null where it is about none. */
  readonly setting: string | null;
}

function brokenRules(service: Configurable, sources: ConfigSources): Problem[] {
  return RULES[service].flatMap((rule) => attempt<unknown>(() => rule(sources)).problems);
}

function attempt<Value>(run: () => Value): { value?: Value; problems: Problem[] } {
  try {
    return { value: run(), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: [{ says: error.message, setting: error.setting }] };
  }
}
