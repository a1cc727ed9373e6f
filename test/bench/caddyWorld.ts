// A tunnel behind a Caddy that serves others too, as the proofs need it: put up, edited, asked, and seen to be quiet.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { WRITE_PAUSE_MS } from '../../machines/reconciler.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import { caddies, startCaddy, type CaddyBinary, type TestCaddy } from '../support/caddy.ts';
import { freePort, until } from '../support/rig.ts';
import { TlsVisitor } from '../support/tlsVisitor.ts';
import type { AdminApi } from './adminApi.ts';
import type { Stage } from './stage.ts';
import {
  askText,
  createAgent,
  createGateway,
  STATUS_TOKEN,
  urlOf,
  type StandingAgent,
  type StandingGateway,
} from './standing.ts';
import { openAdmin, untilOnline } from './standingPair.ts';
import { note } from './verdict.ts';

/** On the command line: the oldest supported Caddy instead of the current one. */
export const OLDEST = 'oldest';

/** The gateway's own name: one that leads to loopback on any machine. */
export const GATEWAY_HOST = 'localhost';

/** After a write the next one waits; a moment more, and an edit is written at once. */
const QUIET_MS = WRITE_PAUSE_MS + 200;

/** A thousand certificates are made meanwhile. */
const APPLY_PATIENCE_MS = 60_000;

export interface CaddyWorldOptions {
  /** Where Caddy keeps its certificates, if not where temporary files are. */
  readonly parentDir?: string;
  /** External port 443 is plain HTTP, as behind somebody else's TLS. */
  readonly isPlain?: boolean;
  /** The agent dials Caddy, which has the gateway's own name. */
  readonly isTunnelThrough?: boolean;
}

export interface CaddyWorld {
  readonly caddy: TestCaddy;
  readonly gateway: StandingGateway;
  readonly agent: StandingAgent;
  readonly api: AdminApi;
  /** Where Caddy listens for the external ports 443 and 80. */
  readonly ports: { readonly https: number; readonly http: number };
  /** Only once Caddy has a certificate. */
  visitor(): TlsVisitor;
}

/** All runs, and the tunnel is online. */
export async function startCaddyWorld(stage: Stage, options: CaddyWorldOptions = {}): Promise<CaddyWorld> {
  const { parentDir, isPlain = false, isTunnelThrough = false } = options;
  const binary = provenCaddy();
  note(binary.name);
  const ports = { https: await freePort(), http: await freePort() };
  const caddy = await startCaddy({
    binary,
    config: baseConfig(ports, isPlain),
    ...(parentDir === undefined ? {} : { parentDir }),
  });
  stage.atEnd(() => caddy.stop());
  const gateway = await createGateway(stage, {
    env: {
      OCTOPORTY_CADDY_ADMIN_URL: caddy.adminUrl,
      OCTOPORTY_GATEWAY_HOST: GATEWAY_HOST,
      OCTOPORTY_LOG_LEVEL: 'warn',
    },
  });
  const agent = await createAgent(stage, {
    maps: [],
    gatewayUrl: isTunnelThrough ? `wss://${GATEWAY_HOST}:${ports.https}/tunnel` : urlOf(gateway),
    env: {
      OCTOPORTY_LOG_LEVEL: 'warn',
      ...(isTunnelThrough ? { NODE_EXTRA_CA_CERTS: caddy.rootFile } : {}),
    },
  });
  gateway.service.start();
  await untilApplied(gateway, 0);
  agent.service.start();
  await untilOnline(agent);
  const api = await openAdmin(stage, agent);
  const visitor = () => new TlsVisitor(ports.https, readFileSync(caddy.rootFile));
  return { caddy, gateway, agent, api, ports, visitor };
}

export function draftOf(externalDomain: string, internalPort: number, externalPort = 443) {
  const name = `${externalDomain} ${externalPort}`;
  return {
    name,
    externalDomain,
    externalPort,
    internalHost: '127.0.0.1',
    internalPort,
    internalProtocol: 'http',
  };
}

/** Changes a mapping; throws unless it is answered as done. */
export async function edit(api: AdminApi, { id }: Pick<Mapping, 'id'>, patch: object): Promise<void> {
  const { status } = await api.ask('PATCH', `/mappings/${id}`, patch);
  if (status !== 200) throw new Error(`an edit was answered ${status}`);
}

const caddyStatusSchema = z.object({
  caddy: z.object({ state: z.string(), desired: z.number(), applied: z.number() }),
});

/** Waits until Caddy serves all there is, and that is so many names. */
export async function untilApplied(gateway: StandingGateway, count: number): Promise<void> {
  const isApplied = async () => {
    const answer = await askText(gateway.address, gateway.port, '/api/v1/status', STATUS_TOKEN);
    if (answer === null) return false;
    const { state, desired, applied } = caddyStatusSchema.parse(JSON.parse(answer)).caddy;
    return state === 'right' && desired === count && applied === count;
  };
  await until(`Caddy has ${count} names`, isApplied, APPLY_PATIENCE_MS);
}

/** Long enough after the last write: the next edit does not wait for its turn. */
export async function untilQuiet({ caddy }: CaddyWorld): Promise<void> {
  let seen: number;
  do {
    seen = writesOf(caddy);
    await delay(QUIET_MS);
  } while (seen !== writesOf(caddy));
}

/** Caddy has been written more often than `before`, and so long ago that the next edit does not wait. */
export async function untilWritten(world: CaddyWorld, before: number): Promise<void> {
  await until('Caddy is written', () => writesOf(world.caddy) > before);
  await untilQuiet(world);
}

/** Requests to the admin API that may have changed something. */
export function writesOf(caddy: TestCaddy): number {
  return caddy.log().match(/"msg":"received request","method":"(?:POST|PUT|PATCH|DELETE)"/g)?.length ?? 0;
}

function provenCaddy(): CaddyBinary {
  const isOldest = process.argv.includes(`--${OLDEST}`);
  const binary = isOldest ? caddies[1] : caddies[0];
  if (binary !== undefined) return binary;
  const variable = isOldest ? 'OCTOPORTY_TEST_CADDY_OLDEST' : 'OCTOPORTY_TEST_CADDY';
  throw new Error(`needs a Caddy: name its binary with ${variable}, as .ci/run does`);
}

/** Somebody's site with the names of nobody: they are told so in a way that no other answer looks like. */
function baseConfig({ https, http }: CaddyWorld['ports'], isPlain: boolean) {
  const routes = [
    {
      handle: [
        { handler: 'static_response', status_code: 421, headers: { 'X-Octoporty-Error': ['no_route'] } },
      ],
    },
  ];
  return {
    apps: {
      http: {
        https_port: https,
        http_port: http,
        servers: {
          site: {
            listen: [`127.0.0.1:${https}`],
            protocols: ['h1', 'h2'],
            automatic_https: isPlain ? { disable: true } : { disable_redirects: true },
            routes,
          },
          plain: { listen: [`127.0.0.1:${http}`], routes },
        },
      },
      tls: { automation: { policies: [{ issuers: [{ module: 'internal' }] }] } },
    },
  };
}
