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
  const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? 'demo.localhost';
  return [
    'Hello from the demo origin: your request came through the tunnel.',
    '',
    `  ${method} ${path}`,
    ...headers.map(([name, value]) => `  ${name}: ${value}`),
    '',
    ...(visitor === null ? [] : [`You are ${visitor}.`]),
    `Watch it stream:  curl -N http://${host}/events`,
    `Or open it in a browser:  http://${host}/`,
    '',
  ].join('\n');
}

/** The nearest to the visitor stands first. */
function firstOf(forwardedFor: string | string[] | undefined): string | null {
  const [first = ''] = [forwardedFor ?? []].flat();
  return first.split(',')[0]?.trim() || null;
}
