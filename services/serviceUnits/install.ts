// Owns `octoporty service install`: its files, its start, and what to do next. A second time nothing changes.

import { loadAgentConfig, loadGatewayConfig, type Service } from '../config.ts';
import { isSecret } from '../config/settings.ts';
import { withoutLogin } from '../config/logins.ts';
import { parseEnvText, withSettings } from './envText.ts';
import { becomeHealthy, enableInTree, mayListen, run } from './running.ts';
import { isProxyVariable, shownProxy } from './proxies.ts';
import { settingsFor, type GivenSettings, type ServiceSettings } from './settings.ts';
import { isBooted, mayChange, placesOf, put, SetUpError, textIn, type SetUp } from './setUp.ts';
import { isSeenByServices, mayBeRun, unitTextOf, type Program } from './unitText.ts';

/**
 * Throws SetUpError or ConfigError when something is missing or wrong, before anything is changed, and when the service
 * does not become healthy in time.
 */
export async function install(
  service: Service,
  setUp: SetUp,
  given: GivenSettings,
  program: Program,
  healthWithinMs?: number,
): Promise<void> {
  mayChange(setUp);
  // In a tree that stands for another system, the paths of this one say nothing.
  if (setUp.root === '/') mayBeRun(program);
  const settings = await settingsFor(service, setUp, given);
  if (setUp.root === '/') mayBeTrusted(settings);
  const isLive = isBooted(setUp);
  if (isLive) await mayListen(service, setUp, settings.sources);
  const isChanged = await writeFiles(service, setUp, settings, program);
  if (isLive) await run(service, setUp, isChanged);
  else await enableInTree(service, setUp);
  if (setUp.isDry) return;
  if (isLive) await becomeHealthy(service, setUp, settings.sources, healthWithinMs);
  for (const line of nextSteps(service, settings)) setUp.print(line);
}

function mayBeTrusted({ variables }: ServiceSettings): void {
  const authority = variables.get('OCTOPORTY_CA_FILE');
  if (authority === undefined || isSeenByServices(authority)) return;
  throw new SetUpError(
    `OCTOPORTY_CA_FILE: a service may not read ${authority}: copy it to where everybody may, such as /etc/ssl.`,
  );
}

/** Answers whether a running service has to be started anew. */
async function writeFiles(
  service: Service,
  setUp: SetUp,
  { secret, variables, gone }: ServiceSettings,
  program: Program,
): Promise<boolean> {
  const { envFile, secretFile, unitFile, configuration: folder } = placesOf(service, setUp);
  const before = textIn(envFile) ?? headOf(service);
  const about = differences(envFile, before, variables);
  return [
    await put(setUp, secretFile, `${secret}\n`, { mode: 0o600, folder }),
    await put(setUp, envFile, withSettings(before, variables, gone), { mode: 0o600, about, folder }),
    await put(setUp, unitFile, unitTextOf(service, program), { mode: 0o644 }),
  ].includes(true);
}

function headOf(service: Service): string {
  return `# Settings of the ${service}, for systemd: one NAME=value a line. After a change: systemctl restart octoporty-${service}\n`;
}

/** `OCTOPORTY_LISTEN_PORT 5000 → 5001`; of secrets only the name. */
function differences(path: string, before: string, variables: ReadonlyMap<string, string>): string {
  const old = parseEnvText(path, before);
  const changed = [...variables].filter(([name, value]) => old.get(name)?.text !== value);
  const words = changed.map(([name, value]) => {
    const was = old.get(name)?.text;
    if (isSecret(name)) return name;
    const shown = (text: string) => (isProxyVariable(name) ? shownProxy(name, text) : withoutLogin(text));
    return `${name}${was === undefined ? '' : ` ${shown(was)} →`} ${shown(value)}`;
  });
  return words.join(', ');
}

function nextSteps(service: Service, { sources, madeUpPassword }: ServiceSettings): string[] {
  if (service === 'gateway') {
    const host = loadGatewayConfig(sources).gatewayHost ?? '<the name of this machine>';
    return [
      'Next, on the machine at home:',
      `  octoporty service install agent --gateway-url wss://${host}`,
      'It asks for the secret, which "cat /etc/octoporty/auth-secret" shows here.',
    ];
  }
  const { uiHost, uiPort, uiUsername } = loadAgentConfig(sources);
  const host = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(uiHost) ? 'localhost' : uiHost;
  const password =
    madeUpPassword === null ? '' : `, password ${madeUpPassword} (it is kept in /etc/octoporty/agent.env)`;
  return [`The dashboard: http://${host}:${uiPort}/, login ${uiUsername}${password}`];
}
