// Owns the `octoporty` command: what may be typed, and which settings each service is started with.

import { Command } from 'commander';
import { parseMapFlags } from './config/mapFlag.ts';
import { ConfigError, variableOfFlag, type ConfigSources } from './config/variables.ts';
import { loadAgentConfig, loadGatewayConfig, loadHealthTarget, secretsOf } from './config.ts';
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
  .option('--caddy', 'put Caddy in front (comes with a later release)')
  .option('--data-dir <folder>', 'where mappings, secret and password are kept')
  .option('--listen-port <port>', "the gateway's port")
  .option('--ui-port <port>', "the status page's port")
  .option('--log-level <level>', 'debug, info, warn, error or silent')
  .action((flags: Flags) =>
    serve(UP_LISTENS, async (lifecycle) => {
      if (flags.caddy === true) {
        throw new ConfigError('--caddy comes with a later release: start without it.');
      }
      const { startUp } = await import('./up.ts');
      const print = (text: string) => void process.stdout.write(text);
      const maps = parseMapFlags(flags.map ?? []);
      return startUp({ sources: sourcesOf(flags), maps, hasDemo: flags.demo === true, lifecycle, print });
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
      if (config.caddy !== null) {
        log.warn(
          {},
          'OCTOPORTY_CADDY_ADMIN_URL has no effect yet: configure Caddy by hand, as in deploy/Caddyfile.',
        );
      }
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
  .option('--ui-host <address>', 'where the status page listens')
  .option('--ui-port <port>', 'where the status page listens')
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

await program.parseAsync().catch((error: unknown) => fail(plainLine(error)));

function sourcesOf(flags: Flags): ConfigSources {
  const texts = Object.entries(flags).flatMap(([flag, value]) =>
    typeof value === 'string' ? [[variableOfFlag(flag), value] as const] : [],
  );
  return { flags: Object.fromEntries(texts) };
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
