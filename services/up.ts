// Owns `octoporty up`: gateway, agent and demo origin in one process on loopback, working without any configuration.

import { randomBytes, randomInt } from 'node:crypto';
import type { MapFlag } from './config/mapFlag.ts';
import { LOOPBACK_RULES } from './config/rules.ts';
import { MIN_SECRET_BYTES } from './config/textValues.ts';
import { ConfigError, type ConfigSources } from './config/variables.ts';
import {
  foreignEnvironment,
  loadAgentConfig,
  loadGatewayConfig,
  secretsOf,
  type CaddyConfig,
} from './config.ts';
import { startDemo } from './demo.ts';
import { storePlaceOf } from './agent/databaseRule.ts';
import { startAgent } from './agent/main.ts';
import { startGateway } from './gateway/main.ts';
import type { Lifecycle } from './lifecycle.ts';
import { createStandardLog, type Log } from './log.ts';
import { bannerOf } from './up/banner.ts';
import { startCaddy, type RunningCaddy } from './up/caddy.ts';
import { onFreePort } from './up/freePort.ts';
import { keptText, type KeptText } from './up/keptText.ts';
import { loadUpConfig, type UpConfig } from './up/upConfig.ts';
import { gatewayUrlBeside, upSources } from './up/upSources.ts';
import { noteWhereabouts, type Whereabouts } from './up/whereabouts.ts';
import { VERSION } from './version.ts';

export interface UpOptions {
  readonly sources: ConfigSources;
  readonly maps: readonly MapFlag[];
  readonly hasDemo: boolean;
  readonly hasCaddy: boolean;
  /** Where the parts are kept for the end. */
  readonly lifecycle: Lifecycle;
  readonly print: (text: string) => void;
}

const DEMO_NAME = 'demo.localhost';

/** Ctrl-C at a desk: streams get a moment, the person none to wait. */
const UP_DRAIN_MS = 1000;

/** Longer without a word looks like a hang. */
const PROGRESS_AFTER_MS = 1000;

/** Lower-case letters and digits that nobody takes for one another; 16 of them hold 79 bits. */
const PASSWORD_LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Starts everything and prints the banner once the tunnel is online. On failure the caller stops the lifecycle. */
export async function startUp({
  sources,
  maps,
  hasDemo,
  hasCaddy,
  lifecycle,
  print,
}: UpOptions): Promise<Log> {
  const up = loadUpConfig(upSources(sources, {}));
  const secret = up.hasSecret ? null : keptSecret(up);
  const password = up.hasPassword ? null : keptText(up.dataDir, 'password', newPassword);
  const all = upSources(sources, { secret: secret?.text, password: password?.text, hasCaddy });
  const gatewayConfig = { ...loadGatewayConfig(all), drainMs: UP_DRAIN_MS };
  const agentConfig = { ...loadAgentConfig(all, maps), drainMs: UP_DRAIN_MS };
  for (const rule of [storePlaceOf, ...LOOPBACK_RULES]) rule(all);
  const log = await createStandardLog({
    level: up.logLevel,
    secrets: [...secretsOf(gatewayConfig), ...secretsOf(agentConfig)],
  });

  // The demo first: a mapping to it needs its port. It stops last, when nobody can ask for it any more.
  const isDemoWanted = hasDemo && !maps.some(({ externalDomain }) => externalDomain === DEMO_NAME);
  const demo = isDemoWanted ? await lifecycle.start(startDemo) : null;
  // Caddy next: the gateway writes its routes there, and what comes through it ends before it does.
  const caddy = hasCaddy
    ? await onFreePort('way in through Caddy', up.caddyPort, print, (httpsPort) =>
        lifecycle.start(() => startCaddyOf(up, httpsPort, log)),
      )
    : null;
  // Then the gateway, because the agent dials its port.
  const behindCaddy = caddy === null ? {} : { caddy: caddyConfigOf(caddy) };
  const gateway = await onFreePort('gateway', gatewayConfig.listenPort, print, (listenPort) =>
    lifecycle.start(() => startGateway({ config: { ...gatewayConfig, ...behindCaddy, listenPort }, log })),
  );
  // The agent last, and it stops first: what it forwards finishes while the gateway can still pass it on.
  const entrance = { port: caddy?.httpsPort ?? gateway.port, rootFile: caddy?.rootFile ?? null };
  const gatewayUrl = gatewayUrlBeside(gatewayConfig.listenHost, gateway.port);
  const allMaps = demo === null ? maps : [demoMap(demo.port), ...maps];
  // A demo of an earlier start leads to a port that is gone, or is somebody else's by now.
  const unmaps = hasDemo ? [] : [DEMO_NAME];
  const agent = await onFreePort('dashboard', agentConfig.uiPort, print, (uiPort) =>
    lifecycle.start(() =>
      startAgent({
        config: { ...agentConfig, gatewayUrl, uiPort, maps: allMaps, unmaps },
        entrance,
        log,
      }),
    ),
  );
  // Once all of it listens: who reads of the ports may ask there at once.
  const whereabouts = {
    gateway: { host: gatewayConfig.listenHost, port: gateway.port },
    dashboard: { host: agentConfig.uiHost, port: agent.uiPort },
    caddy: noteOf(caddy),
  };
  await lifecycle.start(() => noteWhereabouts(up.dataDir, whereabouts, log));
  await sayingSoWhenSlow(agent.online, print);

  const publicNames = agent.publicNames();
  const tryName = demo === null ? (publicNames[0] ?? null) : DEMO_NAME;
  if (caddy !== null && tryName !== null && !(await caddy.serves(tryName))) {
    print(`Caddy does not serve ${tryName} yet: a start with --log-level debug shows what it says.\n`);
  }
  print(
    bannerOf({
      version: VERSION,
      uiPort: agent.uiPort,
      entrance,
      publicNames,
      tryName,
      login: { username: agentConfig.uiUsername, password: passwordLine(password) },
    }),
  );
  return log;
}

function keptSecret({ dataDir }: UpConfig): KeptText {
  const secret = keptText(dataDir, 'secret', () => randomBytes(MIN_SECRET_BYTES).toString('base64url'));
  if (Buffer.byteLength(secret.text) >= MIN_SECRET_BYTES) return secret;
  throw new ConfigError(
    `${secret.path} holds fewer than ${MIN_SECRET_BYTES} bytes: delete it, and the next start makes a new secret.`,
  );
}

function newPassword(): string {
  const letters = Array.from(
    { length: 16 },
    () => PASSWORD_LETTERS[randomInt(PASSWORD_LETTERS.length)] ?? '',
  );
  return letters.join('').replace(/(.{4})(?=.)/g, '$1-');
}

function startCaddyOf(
  { caddyBinary, dataDir }: UpConfig,
  httpsPort: number,
  log: Log,
): Promise<RunningCaddy> {
  const environment = foreignEnvironment();
  return startCaddy({ binary: caddyBinary, dataDir, httpsPort, environment, log: log.child('caddy') });
}

/** Only 443 is offered: other ports would have to be free on this machine, and listen on loopback only. */
function caddyConfigOf({ adminUrl, httpsPort }: RunningCaddy): CaddyConfig {
  return {
    adminUrl,
    upstream: null,
    portMap: new Map([[443, httpsPort]]),
    externalPorts: new Set([443]),
    host: '127.0.0.1',
    dnsServers: [],
    // Its own authority gives certificates at once, or says in our log why not.
    logFile: null,
  };
}

function noteOf(caddy: RunningCaddy | null): Whereabouts['caddy'] {
  return caddy === null ? null : { port: caddy.httpsPort, adminUrl: caddy.adminUrl };
}

/** Shown once, when it is made up; later it is enough to say where it is. */
function passwordLine(password: KeptText | null): string {
  if (password === null) return 'the password is the one that you have set';
  return password.isNew ? `password ${password.text}` : `the password is in ${password.path}`;
}

function demoMap(port: number): MapFlag {
  return {
    externalDomain: DEMO_NAME,
    internalProtocol: 'http',
    internalHost: '127.0.0.1',
    internalPort: port,
    allowInvalidCertificates: false,
  };
}

async function sayingSoWhenSlow(online: Promise<void>, print: (text: string) => void): Promise<void> {
  const timer = setTimeout(() => print('Waiting for the tunnel …\n'), PROGRESS_AFTER_MS);
  try {
    await online;
  } finally {
    clearTimeout(timer);
  }
}
