// Owns the `octoporty` command: what may be typed, and what runs then.

import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { StorePlace } from './agent/sqlitePlace.ts';
import { requireAgentSide } from './agentSide.ts';
import { mapsOf } from './config/mapFlag.ts';
import { settingsHelp } from './config/settingText.ts';
import { ConfigError } from './config/variables.ts';
import { loadAgentConfig, loadGatewayConfig, secretsOf } from './config.ts';
import { exitCodeOf, jsonOf, linesOf } from './doctor.ts';
import { findingsOf } from './doctorCommand.ts';
import { givenSources, sayWhatWasRead, sourcesOf, type Flags } from './flags.ts';
import { askHealth } from './health.ts';
import { createStandardLog } from './log.ts';
import { SERVICE_NODE_OPTIONS } from './nodeOptions.mjs';
import type { ListenSetting } from './ports.ts';
import { fail, plainLine, serve } from './serve.ts';
import { addServiceCommand } from './serviceUnits/command.ts';
import { healthTargetsOf } from './up/healthTargets.ts';
import { VERSION } from './version.ts';

const GATEWAY_LISTENS: ListenSetting = {
  portVariable: 'OCTOPORTY_LISTEN_PORT',
  hostVariable: 'OCTOPORTY_LISTEN_HOST',
};
const AGENT_LISTENS: ListenSetting = { portVariable: 'OCTOPORTY_UI_PORT', hostVariable: 'OCTOPORTY_UI_HOST' };
const UP_LISTENS: ListenSetting = {
  portVariable: 'OCTOPORTY_LISTEN_PORT or OCTOPORTY_UI_PORT',
  hostVariable: 'OCTOPORTY_LISTEN_HOST or OCTOPORTY_UI_HOST',
};

const CONFIG_HELP = 'the configuration file; default: octoporty.json, .yaml or .yml in this folder';

const MAP_HELP = 'publish URL under NAME: app.localhost=http://127.0.0.1:3000 (repeatable)';

// The sides are imported by the command that runs them: a gateway never loads the agent's database.
const program = new Command('octoporty')
  .description('A self-hosted tunnel: public names on your gateway, origins behind your firewall.')
  .version(VERSION)
  .addHelpText(
    'after',
    '\nSettings come from OCTOPORTY_* variables and a file too; "octoporty config" shows them all.',
  );

program
  .command('up')
  .hook('preAction', requireAgentSide)
  .description('gateway, agent and a demo in one process, on this machine only')
  .option('--config <file>', CONFIG_HELP)
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
      const sources = await sourcesOf(flags);
      const maps = mapsOf(flags.map ?? [], sources.file);
      const hasCaddy = flags.caddy === true;
      const hasDemo = flags.demo === true;
      const log = await startUp({ sources, maps, hasDemo, hasCaddy, lifecycle, print });
      sayWhatWasRead(log, sources);
      return log;
    }),
  );

program
  .command('gateway')
  .description('the public side: takes visitors and tunnels')
  .option('--config <file>', CONFIG_HELP)
  .option('--listen-host <address>', 'where to listen')
  .option('--listen-port <port>', 'where to listen')
  .option('--gateway-host <name>', "the gateway's own public name")
  .option('--log-level <level>', 'debug, info, warn, error or silent')
  .action((flags: Flags) =>
    serve(GATEWAY_LISTENS, async (lifecycle) => {
      const sources = await sourcesOf(flags);
      const config = loadGatewayConfig(sources);
      const log = await createStandardLog({ level: config.logLevel, secrets: secretsOf(config) });
      sayWhatWasRead(log, sources);
      const { startGateway } = await import('./gateway/main.ts');
      await lifecycle.start(() => startGateway({ config, log }));
      return log;
    }),
  );

program
  .command('agent')
  .hook('preAction', requireAgentSide)
  .description('the private side: dials the gateway and reaches the origins')
  .option('--config <file>', CONFIG_HELP)
  .option('--map <name=url>', MAP_HELP, collect, [])
  .option('--gateway-url <url>', 'wss://tunnel.example.com')
  .option('--data-dir <folder>', 'where mappings are kept')
  .option('--ui-host <address>', 'where the dashboard listens')
  .option('--ui-port <port>', 'where the dashboard listens')
  .option('--log-level <level>', 'debug, info, warn, error or silent')
  .action((flags: Flags) =>
    serve(AGENT_LISTENS, async (lifecycle) => {
      const sources = await sourcesOf(flags);
      const config = loadAgentConfig(sources, mapsOf(flags.map ?? [], sources.file));
      const { storePlaceOf } = await import('./agent/databaseRule.ts');
      storePlaceOf(sources);
      const log = await createStandardLog({ level: config.logLevel, secrets: secretsOf(config) });
      sayWhatWasRead(log, sources);
      const { startAgent } = await import('./agent/main.ts');
      await lifecycle.start(() => startAgent({ config, log }));
      return log;
    }),
  );

program
  .command('health')
  .description('exit 0 when the service on this machine is healthy, else 1')
  .argument(
    '[service]',
    'gateway or agent; default: the one that is configured here, or both of "octoporty up"',
  )
  .option('--config <file>', CONFIG_HELP)
  .option('--data-dir <folder>', 'where "octoporty up" keeps things')
  .action(async (service: string | undefined, flags: Flags) => {
    if (service !== undefined && service !== 'gateway' && service !== 'agent') {
      throw new ConfigError(`health asks "gateway" or "agent", not "${service}".`);
    }
    const targets = await healthTargetsOf(service ?? null, await sourcesOf(flags));
    for (const { isHealthy, says } of await Promise.all(targets.map(askHealth))) {
      if (isHealthy) console.log(says);
      else fail(says);
    }
  });

program
  .command('doctor')
  .description('check each link from here and say what to do; the exit code is how many checks failed')
  .argument('[service]', 'gateway, agent or up; default: the one that is configured here, or up')
  .option('--json', 'for programs')
  .option('--config <file>', CONFIG_HELP)
  .option('--data-dir <folder>', 'where the agent or "octoporty up" keeps things')
  .option('--listen-port <port>', "the gateway's port")
  .option('--ui-port <port>', "the dashboard's port")
  .action(async (service: string | undefined, flags: Flags) => {
    const findings = await findingsOf(service ?? null, await sourcesOf(flags));
    const text = flags.json === true ? jsonOf(findings) : linesOf(findings);
    // A name that the system still looks up would hold the process.
    process.stdout.write(text, () => process.exit(exitCodeOf(findings)));
  });

program
  .command('config')
  .description('show each setting, its value and where it comes from; exit 1 when one is wrong')
  .argument('[service]', 'gateway, agent or up; default: the one that is configured here, or up')
  .option('--json', 'for programs')
  .option('--config <file>', CONFIG_HELP)
  .option('--map <name=url>', MAP_HELP, collect, [])
  .option('--data-dir <folder>', 'as the service is given it; so all below')
  .option('--listen-host <address>')
  .option('--listen-port <port>')
  .option('--gateway-host <name>')
  .option('--gateway-url <url>')
  .option('--ui-host <address>')
  .option('--ui-port <port>')
  .option('--caddy')
  .option('--caddy-port <port>')
  .option('--log-level <level>')
  .addHelpText('after', () => `\nSettings, as a file has them (docs/configuration.md):\n${settingsHelp()}`)
  .action(async (asked: string | undefined, flags: Flags) => {
    const { tellConfig } = await import('./configCommand.ts');
    const { text, isGood } = await tellConfig({
      service: asked ?? null,
      sources: await givenSources(flags),
      maps: flags.map ?? [],
      hasCaddy: flags.caddy === true,
      isJson: flags.json === true,
      databaseRule: async () => {
        requireAgentSide();
        return (await import('./agent/databaseRule.ts')).storePlaceOf;
      },
    });
    // Whoever reads may have seen enough (`| head`).
    process.stdout.on('error', () => {});
    process.stdout.write(text);
    if (!isGood) process.exitCode = 1;
  });

program
  .command('backup')
  .hook('preAction', requireAgentSide)
  .description('copy all of the agent but its secrets into one new file, while it runs or not')
  .argument('<file>', 'where the backup goes')
  .option('--config <file>', CONFIG_HELP)
  .option('--data-dir <folder>', "the agent's folder")
  .action(async (file: string, flags: Flags) => {
    const { backUpAndTell } = await import('./agent/backupCommand.ts');
    process.stdout.write(await backUpAndTell(await storePlace(flags), file));
  });

program
  .command('restore')
  .hook('preAction', requireAgentSide)
  .description('put a backup into the folder of an agent that is stopped; what was there is kept beside it')
  .argument('<file>', 'the backup')
  .option('--config <file>', CONFIG_HELP)
  .option('--data-dir <folder>', "the agent's folder")
  .action(async (file: string, flags: Flags) => {
    const { restoreAndTell } = await import('./agent/backupCommand.ts');
    process.stdout.write(await restoreAndTell(await storePlace(flags), file, Date.now()));
  });

addServiceCommand(program, {
  node: process.execPath,
  options: SERVICE_NODE_OPTIONS,
  script: fileURLToPath(import.meta.url),
});

await program.parseAsync().catch((error: unknown) => fail(plainLine(error)));

async function storePlace(flags: Flags): Promise<StorePlace> {
  const { storePlaceOf } = await import('./agent/databaseRule.ts');
  return storePlaceOf(await sourcesOf(flags));
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
