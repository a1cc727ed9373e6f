// Somebody else at Caddy's admin API: reads the configuration, changes it and writes it back, unless it has changed meanwhile.

import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import type { TestCaddy } from '../support/caddy.ts';
import {
  foreignDifference,
  isOwn,
  isOwnServer,
  listOf,
  partsOf,
  recordOf,
  type Foreign,
  type Json,
} from './configParts.ts';
import { changeConfig, type ForeignChange } from './foreignChanges.ts';
import { STRAY } from './model.ts';
import type { Step } from './steps.ts';

/** A Caddy that is written to all the time takes a change within this time. */
const PATIENCE_MS = 8_000;

/** Where no server of anybody's listens: Caddy takes no address twice. */
const NOBODYS_ADDRESS = '127.0.0.254:';

/** `target` is what is somebody else's afterwards. */
export async function changeForeign(caddy: TestCaddy, change: ForeignChange, target: Foreign): Promise<void> {
  const isDone = (config: Json) => foreignDifference(partsOf(config).foreign, target) === null;
  const refusal = await rewrite(caddy, isDone, (config) => {
    changeConfig(config, change);
    return true;
  });
  if (refusal !== null) throw new Error(`Caddy refused ${JSON.stringify(change)}: ${refusal}`);
}

export async function wipe(caddy: TestCaddy, base: Json): Promise<void> {
  await untilTaken(async () => (await send(caddy, 'POST', '/load', base)).status === 200);
}

/** What it did: a sentence of Caddy's when that refused it, and the server when it was about one. */
export async function changeOurs(caddy: TestCaddy, step: Step & { kind: 'ours' }): Promise<OwnChangeDone> {
  let server: string | null = null;
  const refusal = await rewrite(
    caddy,
    () => false,
    (config) => {
      server = mangled(recordOf(recordOf(recordOf(config.apps).http).servers), step);
      return server !== null;
    },
  );
  return refusal === null ? { server } : { server: null };
}

export interface OwnChangeDone {
  /** In which it was done; null: it was not. */
  readonly server: string | null;
}

/** The server that it changed; null: there was nothing of this kind. */
function mangled(servers: Json, { change, nth, name }: Step & { kind: 'ours' }): string | null {
  const ours = Object.entries(servers).flatMap(([server, value]) =>
    listOf(recordOf(value).routes).flatMap((route, place) => (isOwn(route) ? [{ server, place }] : [])),
  );
  const found = ours[nth % Math.max(1, ours.length)];
  const ownServer = Object.keys(servers).find(isOwnServer);
  const anyServer = Object.keys(servers)[nth % Math.max(1, Object.keys(servers).length)];
  switch (change) {
    case 'route deleted':
      return found === undefined ? null : withoutRoute(servers, found.server, found.place).server;
    case 'hosts changed':
    case 'handler changed':
    case 'route moved': {
      if (found === undefined) return null;
      const { routes, route } = withoutRoute(servers, found.server, found.place);
      if (change === 'route moved' && anyServer !== undefined) addRoute(servers, anyServer, route);
      else
        routes.splice(found.place, 0, change === 'handler changed' ? deaf(route) : renamed(route, nth, name));
      if (change !== 'route moved') recordOf(servers[found.server]).routes = routes;
      return found.server;
    }
    case 'ghost added':
      if (anyServer === undefined) return null;
      addRoute(servers, anyServer, ghost(nth, name));
      return anyServer;
    case 'server deleted':
      if (ownServer !== undefined) Reflect.deleteProperty(servers, ownServer);
      return ownServer ?? null;
    case 'listener changed': {
      if (ownServer === undefined) return null;
      const server = recordOf(servers[ownServer]);
      server.listen = listOf(server.listen).map((address) => String(address).replace(/^:/, NOBODYS_ADDRESS));
      return ownServer;
    }
    case 'stray added':
      if (ownServer === undefined || JSON.stringify(servers).includes('"stray"')) return null;
      addRoute(servers, ownServer, STRAY);
      return ownServer;
  }
}

function withoutRoute(servers: Json, server: string, place: number) {
  const routes = listOf(recordOf(servers[server]).routes);
  const [route] = routes.splice(place, 1);
  recordOf(servers[server]).routes = routes;
  return { server, routes: [...routes], route: recordOf(structuredClone(route)) };
}

function addRoute(servers: Json, server: string, route: unknown): void {
  recordOf(servers[server]).routes = [...listOf(recordOf(servers[server]).routes), route];
}

function deaf(route: Json): Json {
  return { ...route, handle: [{ handler: 'static_response', body: 'changed by hand' }] };
}

/** With one name less, or one more. */
function renamed(route: Json, nth: number, name: string): Json {
  const hosts = listOf(recordOf(listOf(route.match)[0]).host);
  const changed = nth % 2 === 0 && hosts.length > 1 ? hosts.slice(1) : [...hosts, name];
  return { ...route, match: [{ host: changed }] };
}

function ghost(nth: number, name: string): Json {
  const id = `octoporty:ghost:${nth % 2 === 0 ? 443 : 80}`;
  return deaf({ '@id': id, match: [{ host: [name] }] });
}

/** Null once it is written or there is nothing to do; what Caddy says when it does not take it. */
async function rewrite(
  caddy: TestCaddy,
  isDone: (config: Json) => boolean,
  change: (config: Json) => boolean,
): Promise<string | null> {
  let refusal: string | null = null;
  let tries = 0;
  await untilTaken(async () => {
    const read = await caddy.ask('GET', '/config/');
    const config = recordOf(JSON.parse(read.body));
    tries += 1;
    // A write whose answer was lost may have been done.
    if (tries > 1 && isDone(config)) return true;
    if (!change(config)) {
      refusal = 'there is nothing like it';
      return true;
    }
    const { status, body } = await send(caddy, 'PATCH', '/config/apps', config.apps, read.etag);
    if (status === 200) return true;
    if (status === 412) return false;
    refusal = body;
    return true;
  });
  return refusal;
}

async function untilTaken(attempt: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const outcome = await attempt().catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    if (outcome === true) return;
    if (performance.now() > endMs)
      throw outcome === false ? new Error('somebody else always wrote first') : outcome;
    await delay(5);
  }
}

function send(
  caddy: TestCaddy,
  method: string,
  path: string,
  body: unknown,
  etag?: string,
): Promise<{ status: number; body: string }> {
  const headers = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    ...(etag === undefined ? {} : { 'if-match': etag }),
  };
  return new Promise((resolve, reject) => {
    const socketPath = caddy.adminUrl.slice('unix:'.length);
    const asked = request({ socketPath, method, path, headers, agent: false, timeout: PATIENCE_MS });
    asked.on('timeout', () => asked.destroy(new Error('Caddy does not answer')));
    asked.on('error', reject);
    asked.on('response', (response) => {
      text(response).then((whole) => resolve({ status: response.statusCode ?? 0, body: whole }), reject);
    });
    asked.end(JSON.stringify(body));
  });
}
