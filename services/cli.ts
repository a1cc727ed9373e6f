// Owns the `octoporty` command: what may be typed, and which settings each service is started with.

import { Command } from 'commander';
import { parseMapFlags } from './config/mapFlag.ts';
import { variableOf } from './config/names.ts';
import { ConfigError, type ConfigSources } from './config/variables.ts';
import {
  isServiceConfigured,
  loadAgentConfig,
  loadGatewayConfig,
  loadHealthTarget,
  loadStorePlace,
  secretsOf,
  type AgentConfig,
  type GatewayConfig,
} from './config.ts';
import { exitCodeOf, examineConfiguration, jsonOf, linesOf, skipped, type Finding } from './doctor.ts';
import { askHealth } from './health.ts';
import { createStandardLog } from './log.ts';
import type { ListenSetting } from './ports.ts';
import { fail, plainLine, serve } from './serve.ts';
import { VERSION } from './version.ts';

/** What commander hands over; every flag without a name here is text for the variable of its name. */
interface Flags {
  readonly [text: string]: unknown;
  readonly map?: readonly string[];
  readonly demo?: boolean;
  readonly caddy?: boolean;
  readonly json?: boolean;
}

const GATEWAY_LISTENS: ListenSetting = {
  portVariable: 'OCTOPORTY_LISTEN_PORT',
  hostVariable: 'OCTOPORTY_LISTEN_HOST',
};
const AGENT_LISTENS: ListenSetting = { portVariable: 'OCTOPORTY_UI_PORT', hostVariable: 'OCTOPORTY_UI_HOST' };
const UP_LISTENS: ListenSetting = {
  portVariable: 'OCTOPORTY_LISTEN_PORT or OCTOPORTY_UI_PORT',
  hostVariable: 'OCTOPORTY_LISTEN_HOST or OCTOPORTY_UI_HOST',
};

const NO_CONFIGURATION = skipped('all else', 'it needs the configuration');

const MAP_HELP = 'publish URL under NAME: app.localhost=http://127.0.0.1:3000 (repeatable)';

// The sides are imported by the command that runs them: a gateway never loads the agent's database.
const program = new Command('octoporty')
  .description('A self-hosted tunnel: public names on your gateway, origins behind your firewall.')
  .version(VERSION)
  .addHelpText('after', '\nSettings come from OCTOPORTY_* variables too; flags win. README.md lists them.');

program
  .command('up')
  .description('gateway, agent and a demo in one process, on this machine only')
  .option('--map <name=url>', MAP_HELP, collect, [])
  .option('--no-demo', 'leave the demo origin out')
  .option('--caddy', 'put Caddy in front, with certificates of its own authority')
  .option('--caddy-port <port>', "Caddy's port, standing for external port 443")
  .option('--data-dir <folder>', 'where mappings, secret and password are kept')
  .option('--listen-port <port>', "the gateway's port")
  .option('--ui-port <port>', "the dashboard's port")
  .option('--log-level <level>', 'debug, info, warn, error or silent')
  .action((flags: Flags) =>
    serve(UP_LISTENS, async (lifecycle) => {
      const { startUp } = await import('./up.ts');
      const print = (text: string) => void process.stdout.write(text);
      const maps = parseMapFlags(flags.map ?? []);
      const hasCaddy = flags.caddy === true;
      const hasDemo = flags.demo === true;
      return startUp({ sources: sourcesOf(flags), maps, hasDemo, hasCaddy, lifecycle, print });
    }),
  );

program
  .command('gateway')
  .description('the public side: takes visitors and tunnels')
  .option('--listen-host <address>', 'where to listen')
  .option('--listen-port <port>', 'where to listen')
  .option('--gateway-host <name>', "the gateway's own public name")
  .option('--log-level <level>', 'debug, info, warn, error or silent')
  .action((flags: Flags) =>
    serve(GATEWAY_LISTENS, async (lifecycle) => {
      const config = loadGatewayConfig(sourcesOf(flags));
      const log = await createStandardLog({ level: config.logLevel, secrets: secretsOf(config) });
      const { startGateway } = await import('./gateway/main.ts');
      await lifecycle.start(() => startGateway({ config, log }));
      return log;
    }),
  );

program
  .command('agent')
  .description('the private side: dials the gateway and reaches the origins')
  .option('--map <name=url>', MAP_HELP, collect, [])
  .option('--gateway-url <url>', 'wss://tunnel.example.com')
  .option('--data-dir <folder>', 'where mappings are kept')
  .option('--ui-host <address>', 'where the dashboard listens')
  .option('--ui-port <port>', 'where the dashboard listens')
  .option('--log-level <level>', 'debug, info, warn, error or silent')
  .action((flags: Flags) =>
    serve(AGENT_LISTENS, async (lifecycle) => {
      const config = loadAgentConfig(sourcesOf(flags), parseMapFlags(flags.map ?? []));
      const log = await createStandardLog({ level: config.logLevel, secrets: secretsOf(config) });
      const { startAgent } = await import('./agent/main.ts');
      await lifecycle.start(() => startAgent({ config, log }));
      return log;
    }),
  );

program
  .command('health')
  .description('exit 0 when the service on this machine is healthy, else 1')
  .argument('[service]', 'gateway or agent; default: the one that the environment configures')
  .action(async (service: string | undefined) => {
    if (service !== undefined && service !== 'gateway' && service !== 'agent') {
      throw new ConfigError(`health asks "gateway" or "agent", not "${service}".`);
    }
    const { isHealthy, says } = await askHealth(loadHealthTarget(service ?? null));
    if (isHealthy) console.log(says);
    else fail(says);
  });

program
  .command('doctor')
  .description('check each link from here and say what to do; the exit code is how many checks failed')
  .argument('[service]', 'gateway, agent or up; default: the one that the environment configures, or up')
  .option('--json', 'for programs')
  .option('--data-dir <folder>', 'where the agent or "octoporty up" keeps things')
  .option('--listen-port <port>', "the gateway's port")
  .option('--ui-port <port>', "the dashboard's port")
  .action(async (service: string | undefined, flags: Flags) => {
    const findings = await findingsOf(service ?? null, sourcesOf(flags));
    const text = flags.json === true ? jsonOf(findings) : linesOf(findings);
    // A name that the system still looks up would hold the process.
    process.stdout.write(text, () => process.exit(exitCodeOf(findings)));
  });

program
  .command('backup')
  .description('copy all of the agent but its secrets into one new file, while it runs or not')
  .argument('<file>', 'where the backup goes')
  .option('--data-dir <folder>', "the agent's folder")
  .action(async (file: string, flags: Flags) => {
    const { backUpAndTell } = await import('./agent/backupCommand.ts');
    process.stdout.write(await backUpAndTell(loadStorePlace(sourcesOf(flags)), file));
  });

program
  .command('restore')
  .description('put a backup into the folder of an agent that is stopped; what was there is kept beside it')
  .argument('<file>', 'the backup')
  .option('--data-dir <folder>', "the agent's folder")
  .action(async (file: string, flags: Flags) => {
    const { restoreAndTell } = await import('./agent/backupCommand.ts');
    process.stdout.write(await restoreAndTell(loadStorePlace(sourcesOf(flags)), file, Date.now()));
  });

await program.parseAsync().catch((error: unknown) => fail(plainLine(error)));

function sourcesOf(flags: Flags): ConfigSources {
  const texts = Object.entries(flags).flatMap(([flag, value]) =>
    typeof value === 'string' ? [[variableOf(flag), value] as const] : [],
  );
  return { flags: Object.fromEntries(texts) };
}

/** Asked for nothing by name and configured for nothing, the doctor looks at what `octoporty up` keeps, if it is there. */
async function findingsOf(asked: string | null, sources: ConfigSources): Promise<Finding[]> {
  if (asked !== null && asked !== 'gateway' && asked !== 'agent' && asked !== 'up') {
    throw new ConfigError(`doctor examines "gateway", "agent" or "up", not "${asked}".`);
  }
  if (asked === 'up' || (asked === null && !isServiceConfigured(sources))) {
    const { keptUpSources, UP_HINT } = await import('./up/upSources.ts');
    const kept = keptUpSources(sources);
    if (kept !== null) return findingsOfUp(kept, UP_HINT);
    if (asked !== null) throw new ConfigError('There is no set-up of "octoporty up" here: start it once.');
  }
  const { service } = loadHealthTarget(asked, sources);
  return service === 'agent'
    ? findingsOfAgent(() => loadAgentConfig(sources))
    : findingsOfGateway(() => loadGatewayConfig(sources));
}

async function findingsOfUp(sources: ConfigSources, hint: string): Promise<Finding[]> {
  const loadAgent = () => {
    const { listenPort } = loadGatewayConfig(sources);
    return { ...loadAgentConfig(sources), gatewayUrl: `ws://127.0.0.1:${listenPort}/tunnel`, proxyUrl: null };
  };
  const ofGateway = await findingsOfGateway(() => loadGatewayConfig(sources), hint);
  return [...ofGateway, ...(await findingsOfAgent(loadAgent, hint))];
}

async function findingsOfAgent(load: () => AgentConfig, howToStart?: string): Promise<Finding[]> {
  const { finding, config } = examineConfiguration('agent configuration', load);
  if (config === null) return [finding, NO_CONFIGURATION];
  const { examineAgent } = await import('./agent/doctor/examineAgent.ts');
  return [finding, ...(await examineAgent(config, howToStart))];
}

async function findingsOfGateway(load: () => GatewayConfig, howToStart?: string): Promise<Finding[]> {
  const { finding, config } = examineConfiguration('gateway configuration', load);
  if (config === null) return [finding, NO_CONFIGURATION];
  const { examineGateway } = await import('./gateway/doctor/examineGateway.ts');
  return [finding, ...(await examineGateway(config, howToStart))];
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
