// Owns what `octoporty config` finds: each setting with its value, who has set it, and what is wrong with it.

import type { ReadConfigFile } from './configText.ts';
import { shownUrl, withoutLogin } from './logins.ts';
import { MAPPINGS_KEY, readMaps } from './mapFlag.ts';
import { keyOf } from './names.ts';
import {
  caddyAdminUrlOf,
  caFileOf,
  dataDirOf,
  gatewayHostOf,
  gatewayUrlOf,
  LOOPBACK_RULES,
  proxyOf,
} from './rules.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, isSecret, type Configurable } from './settings.ts';
import { misspelt, wordsOfMisspelt } from './misspelt.ts';
import { ConfigError, find, labelOf, placeOf, type ConfigSources } from './variables.ts';

export interface Report {
  readonly service: Configurable;
  /** The configuration file that was read; null: there is none. */
  readonly file: string | null;
  readonly rows: readonly Row[];
  /** What is wrong, and with none of the rows. */
  readonly problems: readonly string[];
  /** What is not wrong, and probably not meant. */
  readonly notes: readonly string[];
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
  /** What the service asks of its settings beside the rules that stand here. */
  readonly moreRules: readonly Rule[];
}

/** Throws ConfigError for what is wrong. */
export type Rule = (sources: ConfigSources) => unknown;

/** Made up and kept by `octoporty up` where nobody sets them. */
const MADE_BY_UP: ReadonlySet<string> = new Set(['OCTOPORTY_AUTH_SECRET', 'OCTOPORTY_UI_PASSWORD']);

const MADE = 'made at the first start';

const RULES: Readonly<Record<Configurable, readonly Rule[]>> = {
  gateway: [caddyAdminUrlOf, gatewayHostOf],
  agent: [gatewayUrlOf, dataDirOf, caFileOf, proxyOf],
  up: [caddyAdminUrlOf, gatewayHostOf, dataDirOf, caFileOf, ...LOOPBACK_RULES],
};

/** Never throws for what is configured: that is what it tells. */
export function reportOf({ service, sources, file, maps, moreRules }: Asked): Report {
  const rows = [
    ...Object.entries(SETTINGS[service]).map(([name, setting]) =>
      settingRow(name, setting, sources, service === 'up' && MADE_BY_UP.has(name)),
    ),
    ...(service === 'gateway' ? [] : mapRows(maps, file)),
    ...(service === 'agent' ? proxyRows(sources) : []),
  ];
  const problems: string[] = [];
  for (const { says, setting } of [
    ...(file?.problems ?? []),
    ...broken([...RULES[service], ...moreRules], sources),
  ]) {
    const told = rows.find(({ variable }) => setting !== null && variable === setting)?.problems ?? problems;
    // A rule reads its setting first, and stumbles over what is wrong with that again.
    if (!told.includes(says)) told.push(says);
  }
  const notes = misspelt(sources.environment ?? {}).map(wordsOfMisspelt);
  return { service, file: file?.path ?? null, rows, problems, notes };
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
    value: text === null || isSecret(name) ? null : shownValue(text, about.takes === 'url', said.length > 0),
    isSecret: isSecret(name),
    source: found === undefined ? null : placeOf(found.origin),
    unset: isMade ? MADE : (about.unset ?? null),
    problems: said,
  };
}

/** What is wrong may have been meant for another setting, with a login in it. */
function shownValue(text: string, isUrl: boolean, isWrong: boolean): string | null {
  if (isUrl) return shownUrl(text);
  return isWrong && text.includes('@') ? null : withoutLogin(text);
}

/** Those of the file and of `--map`, which wins where both name one. */
function mapRows(flags: readonly string[], file: ReadConfigFile | null): OpenRow[] {
  return readMaps(flags, file).map((read) => ({
    key: read.shownName === null ? MAPPINGS_KEY : `${MAPPINGS_KEY}.${read.shownName}`,
    variable: null,
    value: read.shownUrl,
    isSecret: false,
    source: read.place,
    unset: null,
    problems: 'error' in read ? [read.error.message] : [],
  }));
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

function broken(rules: readonly Rule[], sources: ConfigSources): Problem[] {
  return rules.flatMap((rule) => attempt<unknown>(() => rule(sources)).problems);
}

function attempt<Value>(run: () => Value): { value?: Value; problems: Problem[] } {
  try {
    return { value: run(), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: [{ says: error.message, setting: error.setting }] };
  }
}
