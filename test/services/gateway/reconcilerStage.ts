// Owns the stage on which the reconciler meets a Caddy: the real machine and client, and a clock that hurries.

import { onTestFinished } from 'vitest';
import { createActors } from '../../../services/actors.ts';
import { createBus } from '../../../services/bus.ts';
import { systemClock } from '../../../services/clock.ts';
import { createCaddyClient, type CaddyAdmin } from '../../../services/gateway/caddyClient.ts';
import { startReconciler, type Reconciler } from '../../../services/gateway/reconciler.ts';
import { RouteBook, type DesiredRoute } from '../../../services/gateway/routeBook.ts';
import type { Clock } from '../../../machines/clock.ts';
import { startCaddy, type CaddyBinary, type TestCaddy } from '../../support/caddy.ts';
import { freePort } from '../../support/rig.ts';

export const GATEWAY_HOST = 'tunnel.test';
export const OWNER = '00000000-0000-4000-8000-00000000000a';

/** Polls and rests are so many times shorter than a real gateway's. */
export const HURRY = 10;
const hurriedClock: Clock = {
  ...systemClock,
  setTimer: (delayMs, callback) => systemClock.setTimer(delayMs / HURRY, callback),
};

/** A Caddy that hangs is given up after this. */
export const DEADLINES = { readMs: 300, writeMs: 1_000 };

export interface StageOptions {
  readonly binary?: CaddyBinary;
  /** Routes of somebody else on the server of external port 443. */
  readonly foreignRoutes?: readonly object[];
}

/** A Caddy whose one server, without TLS, stands for external port 443. */
export async function caddyStage({ binary, foreignRoutes }: StageOptions = {}) {
  const port = await freePort();
  const web = {
    listen: [`127.0.0.1:${port}`],
    automatic_https: { disable: true },
    ...(foreignRoutes === undefined ? {} : { routes: foreignRoutes }),
  };
  const caddy = await startCaddy({
    config: { apps: { http: { servers: { web } } } },
    ...(binary === undefined ? {} : { binary }),
  });
  onTestFinished(() => caddy.stop());
  const portMap = new Map([[443, port]]);
  return {
    caddy,
    port,
    /** A gateway's reconciler over it, whose agent publishes `<name>.test` for each. */
    reconciling: (...names: string[]) => reconciling({ adminUrl: caddy.adminUrl, portMap, names }),
  };
}

export type Reconciling = ReturnType<typeof reconciling>;

/** A reconciler over whatever answers at the address. */
export function reconciling({
  adminUrl,
  portMap = new Map(),
  names,
  readMs = DEADLINES.readMs,
}: {
  readonly adminUrl: string;
  readonly readMs?: number;
  readonly portMap?: ReadonlyMap<number, number>;
  readonly names: readonly string[];
}) {
  const logged: { readonly line: string; readonly reason?: unknown; readonly domain?: unknown }[] = [];
  const note = (fields: object, line: string) => void logged.push({ ...fields, line });
  const bus = createBus((error) => {
    throw error;
  });
  const applied: string[] = [];
  bus.on('route.applied', ({ domain }) => applied.push(domain));
  const client = createCaddyClient(adminUrl, { ...DEADLINES, readMs });
  const writes = { count: 0, before: async () => {} };
  /** The real client, which counts what is written. */
  const counted: CaddyAdmin = {
    ...client,
    async write(...args) {
      await writes.before();
      await client.write(...args);
      writes.count += 1;
    },
  };
  const book = new RouteBook();
  const adopted: DesiredRoute[][] = [];
  let desired = names.map((name) => routeOf(name));
  const actors = createActors(hurriedClock, (_, error) => {
    throw error;
  });
  const reconciler: Reconciler = startReconciler({
    actors,
    bus,
    clock: hurriedClock,
    log: { info: note, warn: note, error: note },
    caddy: counted,
    gatewayHost: GATEWAY_HOST,
    upstream: '127.0.0.1:9',
    portMap,
    desiredRoutes: () => desired,
    adopt: (routes) => adopted.push([...routes]),
    book,
    onMoved: () => {},
  });
  onTestFinished(() => {
    reconciler.stop();
  });
  return {
    reconciler,
    book,
    writes,
    applied,
    adopted,
    logged,
    actors,
    /** Publishes these and nothing else from now on. */
    publish(...published: string[]) {
      desired = published.map((name) => routeOf(name));
      reconciler.noteDesired();
    },
    /** The same, as leases end: nobody tells. */
    leaseOnly(...leased: string[]) {
      desired = leased.map((name) => routeOf(name));
    },
  };
}

/** `name`, or `name:port`. */
export function routeOf(name: string): DesiredRoute {
  const [host = '', port = '443'] = name.split(':');
  return { owner: OWNER, id: `mapping of ${name}`, domain: `${host}.test`, port: Number(port) };
}

/** All hosts of the routes of the stage's server, in order, and what its routes without any are called. */
export async function hostsIn(caddy: TestCaddy): Promise<string[]> {
  const { status, body } = await caddy.ask('GET', '/config/apps/http/servers/web/routes');
  if (status !== 200) return [];
  const routes: readonly { match?: readonly { host?: readonly string[] }[] }[] = JSON.parse(body) ?? [];
  return routes.flatMap(({ match = [] }) => match.flatMap(({ host = [] }) => host));
}
