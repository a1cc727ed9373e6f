// What Caddy's HTTP servers should be, given what they are and which routes are desired. Pure: nothing is asked or written.

import { isDeepStrictEqual } from 'node:util';
import type { CaddyMethod } from './caddyClient.ts';
import { GATEWAY_ID, isOurs, makeRoute, routeIdOf, routesFound } from './caddyRoutes.ts';
import type { JsonObject } from './caddyServers.ts';
import { isCatchAll, isRecord, listensOn, listIn, namesOf, recordIn } from './caddyServers.ts';
import type { DesiredRoute } from './routeBook.ts';

/** What is read: all of it, for the ports stand beside the servers, and its ETag guards whatever is written. */
export const CONFIG_PATH = '/config/';

/** What is written, whole: any write makes Caddy start anew, so a set of changes is one. */
export const SERVERS_PATH = '/config/apps/http/servers';

export interface PlanInput {
  /** Caddy's configuration as it tells it. Parsed leniently: what others wrote is carried through untouched. */
  readonly config: unknown;
  readonly routes: readonly DesiredRoute[];
  /** The gateway's own public name, reached on port 443; null: it has none. */
  readonly gatewayHost: string | null;
  /** `host:port` of the gateway, as Caddy dials it. */
  readonly upstream: string;
  /** External ports for which Caddy listens elsewhere: 443 → 8443. Without an entry 443 and 80 are where Caddy says. */
  readonly portMap: ReadonlyMap<number, number>;
  /** Ports, as Caddy listens, that it cannot have: no server of ours is made there. */
  readonly takenPorts: ReadonlySet<number>;
}

/** A route that is not written. */
export interface Conflict {
  /** Null: the gateway's own host. */
  readonly route: DesiredRoute | null;
  /** A sentence for a person. */
  readonly reason: string;
}

export interface CaddyPlan {
  /** What is there already is what should be: nothing is to be written. */
  readonly isRight: boolean;
  /** How `servers` gets to SERVERS_PATH. */
  readonly method: CaddyMethod;
  readonly servers: JsonObject;
  readonly conflicts: readonly Conflict[];
}

/** The same input gives the same servers, whatever was ours among them before. */
export function planServers(input: PlanInput): CaddyPlan {
  const http = recordIn(recordIn(input.config, 'apps'), 'http');
  const before = recordIn(http, 'servers');
  const conflicts: Conflict[] = [];
  const wanted = new Map<string, WantedServer>();
  for (const wish of wishesOf(input)) {
    const listenPort = listenPortOf(wish.port, input.portMap, http);
    const name = serverFor(listenPort, before);
    if (isOwnServer(name) && input.takenPorts.has(listenPort)) {
      conflicts.push({ route: wish.route, reason: takenReason(listenPort) });
      continue;
    }
    const server = wanted.get(name) ?? newWanted(listenPort, before[name]);
    wanted.set(name, server);
    const reason = take(server, wish, name);
    if (reason !== null) conflicts.push({ route: wish.route, reason });
  }
  const servers = serversWith(wanted, before, input.upstream);
  const isRight = isDeepStrictEqual(servers, before);
  return { isRight, method: Object.hasOwn(http, 'servers') ? 'PATCH' : 'PUT', servers, conflicts };
}

/** The routes of ours that Caddy has, but for that of the gateway itself. */
export function routesIn(config: unknown): DesiredRoute[] {
  const servers = recordIn(recordIn(recordIn(config, 'apps'), 'http'), 'servers');
  return Object.values(servers).flatMap((server) =>
    isRecord(server) ? routesFound(listIn(server, 'routes')) : [],
  );
}

/** A name on a port. */
interface Wish {
  readonly route: DesiredRoute | null;
  readonly id: string;
  readonly domain: string;
  readonly port: number;
}

/** A server that routes of ours go into. */
interface WantedServer {
  readonly listenPort: number;
  readonly foreignNames: ReadonlySet<string>;
  readonly ownNames: Map<string, Wish>;
}

/** The gateway's own host first, then 443: where two cannot both be, the first stays. */
function wishesOf({ routes, gatewayHost }: PlanInput): Wish[] {
  const own: Wish[] =
    gatewayHost === null ? [] : [{ route: null, id: GATEWAY_ID, domain: gatewayHost, port: 443 }];
  const others = routes.map((route) => ({
    route,
    id: routeIdOf(route),
    domain: route.domain,
    port: route.port,
  }));
  return [...own, ...others.sort((a, b) => rankOf(a.port) - rankOf(b.port) || compare(a.id, b.id))];
}

/** Where Caddy listens for an external port; `http` is its HTTP app. */
export function listenPortOf(port: number, portMap: ReadonlyMap<number, number>, http: JsonObject): number {
  const told = port === 443 ? http.https_port : port === 80 ? http.http_port : undefined;
  return portMap.get(port) ?? (typeof told === 'number' ? told : port);
}

/** Somebody else's server that listens there, for all addresses if possible; else one of ours, named after the port. */
function serverFor(listenPort: number, servers: JsonObject): string {
  const listening = Object.entries(servers).flatMap(([name, server]) => {
    if (isOwnServer(name) || !isRecord(server) || !canTakeRoutes(server)) return [];
    const on = listensOn(server, listenPort);
    return on === null ? [] : [{ name, on }];
  });
  const best = listening.find(({ on }) => on === 'all') ?? listening[0];
  return best?.name ?? `octoporty_${listenPort}`;
}

/** What stands in the place of its routes is nothing that is lost by writing them. */
function canTakeRoutes({ routes = null }: JsonObject): boolean {
  return routes === null || Array.isArray(routes);
}

function isOwnServer(name: string): boolean {
  return /^octoporty_\d+$/.test(name);
}

function newWanted(listenPort: number, server: unknown): WantedServer {
  const foreignNames = new Set(foreignRoutesOf(server).flatMap((route) => namesOf(route)));
  return { listenPort, foreignNames, ownNames: new Map() };
}

function takenReason(listenPort: number): string {
  return `Caddy cannot listen on port ${listenPort}: another program has it, or Caddy may not. Mend that, or choose another port.`;
}

/** The reason why it cannot be, or null. */
function take({ foreignNames, ownNames }: WantedServer, wish: Wish, serverName: string): string | null {
  const { domain, port } = wish;
  if (foreignNames.has(domain))
    return `Caddy's server "${serverName}" has a route for ${domain} that is not ours.`;
  const first = ownNames.get(domain);
  if (first === undefined) {
    ownNames.set(domain, wish);
    return null;
  }
  return first.port === port
    ? `${domain} has a route on port ${port} already.`
    : `${domain} has a route on port ${first.port}, and Caddy listens for both ports on the same one.`;
}

function serversWith(
  wanted: ReadonlyMap<string, WantedServer>,
  before: JsonObject,
  upstream: string,
): JsonObject {
  const kept = Object.entries(before).flatMap(([name, server]): [string, unknown][] => {
    const target = wanted.get(name);
    const own = target === undefined ? [] : ownRoutesOf(target, upstream);
    const after = isRecord(server) ? withRoutes(server, own) : server;
    if (!isOwnServer(name) || !isRecord(after)) return [[name, after]];
    if (listIn(after, 'routes').length === 0) return [];
    return [[name, target === undefined ? after : { ...after, listen: [`:${target.listenPort}`] }]];
  });
  const made = [...wanted].flatMap(([name, target]): [string, unknown][] => {
    const routes = ownRoutesOf(target, upstream);
    return isRecord(before[name]) || routes.length === 0
      ? []
      : [[name, { listen: [`:${target.listenPort}`], routes }]];
  });
  return Object.fromEntries([...kept, ...made]);
}

/** One for each owner and port, in an order that does not depend on that of the mappings. */
function ownRoutesOf({ ownNames }: WantedServer, upstream: string): object[] {
  const byId = Map.groupBy(ownNames.values(), ({ id }) => id);
  return [...byId].map(([id, wishes]) => {
    const hosts = wishes.map(({ domain }) => domain).sort(compare);
    return makeRoute(id, hosts, wishes[0]?.port ?? 443, upstream);
  });
}

/** The server with these routes of ours and no others, before the first that would swallow their visitors. */
function withRoutes(server: JsonObject, own: readonly object[]): JsonObject {
  const routes = listIn(server, 'routes');
  if (own.length === 0 && !routes.some(isOurs)) return server;
  const foreign = foreignRoutesOf(server);
  const firstCatchAll = foreign.findIndex(isCatchAll);
  const place = firstCatchAll < 0 ? foreign.length : firstCatchAll;
  return { ...server, routes: [...foreign.slice(0, place), ...own, ...foreign.slice(place)] };
}

function foreignRoutesOf(server: unknown): unknown[] {
  return isRecord(server) ? listIn(server, 'routes').filter((route) => !isOurs(route)) : [];
}

function rankOf(port: number): number {
  return port === 443 ? -1 : port;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
