// Owns what the demo tells of a request: the same facts for its page, as text and as JSON.

import type { IncomingMessage } from 'node:http';

export interface Received {
  readonly method: string;
  /** As it arrived, query included. */
  readonly path: string;
  /** The visitor's address as the gateway vouches for it; null when nobody forwarded the request. */
  readonly visitor: string | null;
  /** In order and as written, duplicates included. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export function receivedOf(request: IncomingMessage): Received {
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    headers.push([request.rawHeaders[index] ?? '', request.rawHeaders[index + 1] ?? '']);
  }
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    visitor: firstOf(request.headers['x-forwarded-for']),
    headers,
  };
}

/** The short answer for `curl`. */
export function textOf({ method, path, visitor, headers }: Received): string {
  const valueOf = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  const host = valueOf('host') ?? 'demo.localhost';
  // Behind Caddy: its authority is known to nobody until curl is told, as the first time.
  const isTls = firstOf(valueOf('x-forwarded-proto')) === 'https';
  const url = `${isTls ? 'https' : 'http'}://${host}`;
  return [
    'Hello from the demo origin: your request came through the tunnel.',
    '',
    `  ${method} ${path}`,
    ...headers.map(([name, value]) => `  ${name}: ${value}`),
    '',
    ...(visitor === null ? [] : [`You are ${visitor}.`]),
    `Watch it stream:  curl -N ${isTls ? '--cacert (as before) ' : ''}${url}/events`,
    `Or open it in a browser:  ${url}/`,
    '',
  ].join('\n');
}

/** The nearest to the visitor stands first. */
function firstOf(forwarded: string | string[] | undefined): string | null {
  const [first = ''] = [forwarded ?? []].flat();
  return first.split(',')[0]?.trim() || null;
}
