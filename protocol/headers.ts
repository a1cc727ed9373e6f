// Which header lines stop at a hop and which pass (RFC 9110 §7.6.1).

import type { FlatHeaders } from './head.ts';

/** Meant for one connection only. Trailer is end-to-end: we keep trailers. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** What `Connection` may nominate in vain: without these the message would change its meaning (RFC 9110 §7.6.1, last paragraph). */
const NEVER_NOMINATED = new Set([
  'content-length',
  'host',
  'via',
  'forwarded',
  'cache-control',
  'authorization',
  'cookie',
]);

/** Ours alone: a visitor cannot send them, an origin cannot set them. */
const OWN_PREFIX = 'x-octoporty-';

/** All values of a header, by its lower-case name, in order. */
export function valuesOf(headers: FlatHeaders, lowerName: string): string[] {
  const values: string[] = [];
  for (let n = 0; n < headers.length; n += 2) {
    if (headers[n]?.toLowerCase() === lowerName) values.push(headers[n + 1] ?? '');
  }
  return values;
}

/** The comma-separated members of all lines of a header, trimmed and lower-cased. */
export function membersOf(headers: FlatHeaders, lowerName: string): string[] {
  return valuesOf(headers, lowerName)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/** The lines for which `keep` says true of the lower-case name; names and values stay as they are. */
export function keepHeaders(
  headers: FlatHeaders,
  keep: (lowerName: string, value: string) => boolean,
): string[] {
  const kept: string[] = [];
  for (let n = 0; n < headers.length; n += 2) {
    const name = headers[n] ?? '';
    const value = headers[n + 1] ?? '';
    if (keep(name.toLowerCase(), value)) kept.push(name, value);
  }
  return kept;
}

/**
 * What may travel on: without hop-by-hop lines, those that `Connection` nominates, and our own. An upgrade keeps its
 * `Upgrade` line, `TE: trailers` survives as exactly that.
 */
export function endToEndHeaders(headers: FlatHeaders, options: { keepUpgrade: boolean }): string[] {
  const nominated = new Set(membersOf(headers, 'connection'));
  const passes = keepHeaders(headers, (name) => {
    if (name === 'upgrade') return options.keepUpgrade;
    if (HOP_BY_HOP.has(name) || name.startsWith(OWN_PREFIX)) return false;
    return !nominated.has(name) || NEVER_NOMINATED.has(name);
  });
  if (membersOf(headers, 'te').includes('trailers')) passes.push('TE', 'trailers');
  return passes;
}

/**
 * Names that a trailer section must not carry (RFC 9110 §6.5.1), because an application that merges trailers into its
 * headers would be told anew where the message ends, what it is, where it came from, or who sent it.
 */
const NEVER_TRAILERS = new Set([
  ...HOP_BY_HOP,
  ...['content-length', 'trailer', 'content-encoding', 'content-type', 'content-range'],
  ...['host', 'via', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'],
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie'],
  ...['www-authenticate', 'proxy-authenticate'],
  ...['expect', 'max-forwards', 'range'],
]);

/** What may travel on. Applications that read headers as variables take `_` for `-`: so do we. */
export function passingTrailers(trailers: FlatHeaders): string[] {
  return keepHeaders(trailers, (name) => {
    const dashed = name.replaceAll('_', '-');
    return !NEVER_TRAILERS.has(dashed) && !dashed.startsWith(OWN_PREFIX);
  });
}
