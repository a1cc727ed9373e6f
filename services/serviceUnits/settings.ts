// Owns the settings a service is installed with: what is given now, and what an earlier installation was given.

import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { requireAgentSide } from '../agentSide.ts';
import { loadAgentConfig, loadGatewayConfig, type Service } from '../config.ts';
import { isPath, isSecret, SETTINGS } from '../config/settings.ts';
import { MIN_SECRET_BYTES } from '../config/textValues.ts';
import { find, type ConfigSources, type Variables } from '../config/variables.ts';
import type { Ask } from './ask.ts';
import { isOneLine, parseEnvText } from './envText.ts';
import { isProxyVariable, outdatedBy, proxiesOf } from './proxies.ts';
import { readSettingsFile } from './settingsFile.ts';
import { placesOf, SetUpError, textIn, type SetUp } from './setUp.ts';

/** Kept apart: systemd hands it over. */
const SECRET = 'OCTOPORTY_AUTH_SECRET';
const PASSWORD = 'OCTOPORTY_UI_PASSWORD';

/** The unit says it, as it makes the folder. */
const OF_THE_UNIT = 'OCTOPORTY_DATA_DIR';

/** Enough that nobody guesses it: 96 bits. */
const PASSWORD_BYTES = 12;

export interface GivenSettings {
  /** By the names of variables. */
  readonly flags: Variables;
  readonly environment: Variables;
  /** A file of settings to take over; null: none. */
  readonly file: string | null;
  /** Null: nobody can be asked. */
  readonly ask: Ask | null;
}

export interface ServiceSettings {
  readonly secret: string;
  /** What the service's file says from now on, by the names of variables. */
  readonly variables: ReadonlyMap<string, string>;
  /** What it must not say any more. */
  readonly gone: ReadonlySet<string>;
  /** Nobody has chosen it: it is told once. */
  readonly madeUpPassword: string | null;
  /** The same for whoever loads the service's configuration. */
  readonly sources: ConfigSources;
}

/** Throws SetUpError or ConfigError for what is missing or wrong: nothing has been changed then. */
export async function settingsFor(
  service: Service,
  setUp: SetUp,
  given: GivenSettings,
): Promise<ServiceSettings> {
  const sources = sourcesOf(service, setUp, given);
  const found = find(SECRET, sources);
  const secret = found?.text ?? (await newSecret(service, given.ask));
  const chosen = find(PASSWORD, sources)?.text;
  const asked = service === 'agent' && chosen === undefined ? await newPassword(given.ask) : null;
  const known = {
    ...sources.defaults,
    [SECRET]: secret,
    [`${SECRET}_FILE`]: undefined,
    ...(asked === null ? {} : { [PASSWORD]: asked.password }),
    ...localListening(service, sources),
  };
  const proxies = proxiesOf(service, sources);
  const all = { ...sources, environment: withProxies(sources.environment, proxies), defaults: known };
  if (service === 'gateway') loadGatewayConfig(all);
  else await mustSuitAgent(all);
  const variables = new Map([...variablesOf(service, all), ...oneLined(proxies)]);
  // The unit names the file of the secret, unless the service's file names another one, which then holds the same.
  const ofSecret = found?.origin.from === 'default' ? [SECRET] : [SECRET, `${SECRET}_FILE`];
  return {
    secret,
    variables,
    gone: new Set([
      ...ofSecret,
      ...outdatedBy(proxies),
      ...[...variables.keys()].map((name) => `${name}_FILE`),
    ]),
    madeUpPassword: asked?.isMadeUp === true ? asked.password : null,
    sources: all,
  };
}

/** The settings of an installed service; null when it has none. Throws SetUpError, or the system's error. */
export function installedSettings(service: Service, setUp: Pick<SetUp, 'root'>): Variables | null {
  const { envFile } = placesOf(service, setUp);
  const text = textIn(envFile);
  if (text === null) return null;
  return Object.fromEntries([...parseEnvText(envFile, text)].map(([name, value]) => [name, value.text]));
}

/** What is given wins over what was; each secret may be given as a file. */
function sourcesOf(
  service: Service,
  setUp: SetUp,
  { flags, environment, file }: GivenSettings,
): ConfigSources {
  const installed = installedSettings(service, setUp) ?? {};
  const secret = textIn(placesOf(service, setUp).secretFile)?.trim();
  const isElsewhere = Boolean(installed[`${SECRET}_FILE`]);
  const kept = secret === undefined || isElsewhere ? {} : { [SECRET]: secret };
  const defaults = { ...installed, ...kept };
  return { flags, environment, file: file === null ? null : readSettingsFile(file), defaults };
}

/** Refuses what the agent's start would. The agent's side is loaded only here: a gateway may be installed without it. */
async function mustSuitAgent(sources: ConfigSources): Promise<void> {
  loadAgentConfig(sources);
  requireAgentSide();
  const { storePlaceOf } = await import('../agent/databaseRule.ts');
  storePlaceOf(sources);
}

/** As the service will have it: what its environment says, and nothing else about proxies. */
function withProxies(environment: Variables = {}, proxies: Variables): Variables {
  const others = Object.entries(environment).filter(([name]) => !isProxyVariable(name));
  return { ...Object.fromEntries(others), ...proxies };
}

async function newSecret(service: Service, ask: Ask | null): Promise<string> {
  if (service === 'gateway') return randomBytes(MIN_SECRET_BYTES).toString('hex');
  if (ask !== null) {
    const answer = await ask('The secret of the gateway (there: sudo cat /etc/octoporty/auth-secret): ');
    if (answer !== '') return answer;
  }
  throw new SetUpError(
    `${SECRET} is not set: give the agent the secret of the gateway, which is in /etc/octoporty/auth-secret there, or its file by ${SECRET}_FILE.`,
  );
}

async function newPassword(ask: Ask | null): Promise<{ password: string; isMadeUp: boolean }> {
  const answer = (await ask?.('A password for the dashboard (nothing: one is made up): ')) ?? '';
  if (answer !== '') return { password: answer, isMadeUp: false };
  return { password: randomBytes(PASSWORD_BYTES).toString('base64url'), isMadeUp: true };
}

/** Behind a Caddy of this machine nobody else has to reach the gateway. */
function localListening(service: Service, sources: ConfigSources): Variables {
  const isSaid = (name: string) => find(name, sources) !== undefined;
  const isBehindOwnCaddy =
    isSaid('OCTOPORTY_CADDY_ADMIN_URL') &&
    !isSaid('OCTOPORTY_CADDY_UPSTREAM') &&
    !isSaid('OCTOPORTY_LISTEN_HOST');
  return service === 'gateway' && isBehindOwnCaddy ? { OCTOPORTY_LISTEN_HOST: '127.0.0.1' } : {};
}

function variablesOf(service: Service, sources: ConfigSources): Map<string, string> {
  const variables = new Map<string, string>();
  for (const name of Object.keys(SETTINGS[service])) {
    const found = name === SECRET || name === OF_THE_UNIT ? undefined : find(name, sources);
    if (found === undefined) continue;
    const { text, origin } = found;
    // It stays in the file that the service's own file names already.
    if (origin.from === 'default' && isSecret(name) && sources.defaults?.[`${name}_FILE`]) continue;
    if (origin.from !== 'default') mayBeAnywhere(name, text);
    // The service starts in another folder.
    variables.set(name, isPath(name) ? resolve(text) : text);
  }
  return oneLined(Object.fromEntries(variables));
}

/** Throws SetUpError. */
function oneLined(variables: Variables): Map<string, string> {
  const lines = new Map<string, string>();
  for (const [name, text] of Object.entries(variables)) {
    if (text === undefined) continue;
    if (!isOneLine(text)) throw new SetUpError(`${name} must be one line.`);
    lines.set(name, text);
  }
  return lines;
}

/** The service starts in its own folder, and may write into no other. Throws SetUpError. */
function mayBeAnywhere(name: string, text: string): void {
  if (name !== 'OCTOPORTY_CONNECTION_STRING' || !/^\s*sqlite:(?:\/\/)?(?!\/)/i.test(text)) return;
  throw new SetUpError(
    `${name} must name its file by the whole path, in the folder of the service: sqlite:/var/lib/octoporty-agent/octoporty.sqlite.`,
  );
}
