// Reads Caddy's configuration apart, for the model: what is ours, what is somebody else's, and where they differ.

import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../services/gateway/caddyServers.ts';

export type Json = Record<string, unknown>;

/** A route of ours as Caddy has it. */
export interface OwnRoute {
  readonly server: string;
  readonly id: string;
  readonly hosts: readonly string[];
  /** How many routes of the server stand before it. */
  readonly place: number;
  /** All of it but its id and its hosts. */
  readonly rest: string;
}

/** What is not ours: a server of ours is in it only with the routes that somebody else put there. */
export interface Foreign {
  /** Everything but the servers. */
  readonly rest: Json;
  readonly servers: ReadonlyMap<string, ForeignServer>;
}

export interface ForeignServer {
  readonly settings: Json;
  readonly routes: readonly unknown[];
}

export interface ConfigParts {
  readonly own: readonly OwnRoute[];
  /** Listeners of the servers that bear our name. */
  readonly ownListeners: ReadonlyMap<string, unknown>;
  readonly foreign: Foreign;
}

export function partsOf(config: unknown): ConfigParts {
  const rest = structuredClone(recordOf(config));
  const http = recordOf(recordOf(rest.apps).http);
  const all = recordOf(http.servers);
  delete http.servers;
  const own: OwnRoute[] = [];
  const ownListeners = new Map<string, unknown>();
  const servers = new Map<string, ForeignServer>();
  for (const [name, value] of Object.entries(all)) {
    const { routes: list, ...settings } = recordOf(value);
    const routes = listOf(list);
    own.push(...routes.flatMap((route, place) => (isOwn(route) ? [ownRoute(name, route, place)] : [])));
    const foreign = routes.filter((route) => !isOwn(route));
    const isOurServer = isOwnServer(name);
    if (isOurServer) ownListeners.set(name, settings.listen);
    if (!isOurServer || foreign.length > 0)
      servers.set(name, { settings: isOurServer ? {} : settings, routes: foreign });
  }
  return { own, ownListeners, foreign: { rest, servers } };
}

/** Where somebody else's part is not what it should be, in words; null: nowhere. */
export function foreignDifference(actual: Foreign, expected: Foreign): string | null {
  const names = new Set([...actual.servers.keys(), ...expected.servers.keys()]);
  for (const name of names) {
    const [has, should] = [actual.servers.get(name), expected.servers.get(name)];
    if (has === undefined || should === undefined)
      return `somebody else's server ${name} is ${has === undefined ? 'gone' : 'there'}`;
    const where = `somebody else's server ${name}`;
    const difference =
      valueDifference(`the settings of ${where}`, has.settings, should.settings) ??
      valueDifference(`the number of routes of ${where}`, has.routes.length, should.routes.length) ??
      firstFound(
        should.routes.map((route, at) => valueDifference(`route ${at} of ${where}`, has.routes[at], route)),
      );
    if (difference !== null) return difference;
  }
  return valueDifference("somebody else's configuration", actual.rest, expected.rest);
}

export function isOwn(route: unknown): boolean {
  return idOf(route).startsWith('octoporty:');
}

/** Empty where there is none. */
export function idOf(route: unknown): string {
  const id = recordOf(route)['@id'];
  return typeof id === 'string' ? id : '';
}

export function isOwnServer(name: string): boolean {
  return name.startsWith('octoporty_');
}

export function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? [...value] : [];
}

/** The hosts of the route's own matchers. */
export function hostsOf(route: unknown): string[] {
  return listOf(recordOf(route).match)
    .flatMap((matcher) => listOf(recordOf(matcher).host))
    .map(String);
}

function ownRoute(server: string, route: unknown, place: number): OwnRoute {
  const { '@id': _, match: __, ...rest } = recordOf(route);
  return { server, id: idOf(route), hosts: hostsOf(route).toSorted(), place, rest: textOf(rest) };
}

function valueDifference(what: string, actual: unknown, expected: unknown): string | null {
  const [has, should] = [textOf(actual), textOf(expected)];
  return has === should && isDeepStrictEqual(actual, expected) ? null : `${what} is ${has}, not ${should}`;
}

export function firstFound(differences: readonly (string | null)[]): string | null {
  return differences.find((difference) => difference !== null) ?? null;
}

/** Caddy sorts the names of what it is given: so do we, and nothing else may differ. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isRecord(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
