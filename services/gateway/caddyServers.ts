// Reads what others wrote into Caddy's HTTP servers: where a server listens, and which names its routes are for.

import { domainToASCII } from 'node:url';

/** Routes within routes that are looked through. Raised: a configuration made to harm takes longer to read. */
const MAX_DEPTH = 8;

export type JsonObject = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The list of this name; empty where there is none. */
export function listIn(value: JsonObject, name: string): readonly unknown[] {
  const list = value[name];
  return Array.isArray(list) ? list : [];
}

export function recordIn(value: unknown, name: string): JsonObject {
  const found = isRecord(value) ? value[name] : undefined;
  return isRecord(found) ? found : {};
}

/** `all`: on this port of all addresses; `some`: of one address. Null: not on it, as far as can be told. */
export function listensOn(server: JsonObject, port: number): 'all' | 'some' | null {
  const matching = listIn(server, 'listen').flatMap((address) => {
    const listener = typeof address === 'string' ? parseListener(address) : null;
    return listener !== null && listener.from <= port && port <= listener.to ? [listener] : [];
  });
  if (matching.length === 0) return null;
  return matching.some(({ host }) => ALL_ADDRESSES.has(host)) ? 'all' : 'some';
}

/** Names that the route asks for in words, lower case, those of routes within it included: they are somebody's. */
export function namesOf(route: unknown, depth = 0): string[] {
  if (!isRecord(route) || depth > MAX_DEPTH) return [];
  const own = listIn(route, 'match').flatMap(hostsIn).map(plainName);
  const within = listIn(route, 'handle').flatMap((handler) =>
    isRecord(handler) ? listIn(handler, 'routes').flatMap((inner) => namesOf(inner, depth + 1)) : [],
  );
  return [...own, ...within];
}

/** It may match a name that it does not ask for in words: there is no host matcher, or one with a wildcard. */
export function isCatchAll(route: unknown): boolean {
  if (!isRecord(route)) return false;
  const matchers = listIn(route, 'match');
  return matchers.length === 0 || matchers.some((matcher) => !isForNamesAlone(matcher));
}

export function hostsIn(matcher: unknown): string[] {
  const hosts = isRecord(matcher) ? listIn(matcher, 'host') : [];
  return hosts.filter((host) => typeof host === 'string');
}

/** Not a port of another protocol, a file descriptor, a unix socket or a placeholder: whoever uses those says the rest himself. */
function parseListener(address: string): { host: string; from: number; to: number } | null {
  const [, host, fromText, toText] = /^(?:tcp[46]?\/)?(.*):(\d{1,5})(?:-(\d{1,5}))?$/.exec(address) ?? [];
  if (host === undefined || host.includes('/')) return null;
  const from = Number(fromText);
  return { host, from, to: toText === undefined ? from : Number(toText) };
}

const ALL_ADDRESSES = new Set(['', '0.0.0.0', '[::]']);

function isForNamesAlone(matcher: unknown): boolean {
  const hosts = hostsIn(matcher);
  return hosts.length > 0 && !hosts.some((host) => /[*{]/.test(host));
}

/** As a mapping's domain is stored. */
function plainName(host: string): string {
  return domainToASCII(host) || host.toLowerCase();
}
