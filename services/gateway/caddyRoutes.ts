// Our routes in Caddy's configuration: what they are made of, how they are told from others, and whose names they hold.

import type { DesiredRoute } from './routeBook.ts';
import { hostsIn, isRecord, listIn } from './caddyServers.ts';

/** Every route of ours begins so in its `@id`; nothing else is ever touched. */
const PREFIX = 'octoporty:';

/** The route of the gateway's own host. */
export const GATEWAY_ID = `${PREFIX}gateway`;

/** A WebSocket or a stream that runs when the configuration is written lives this long. Raised: what its visitor left half open is held for longer. */
const STREAM_CLOSE_DELAY = '24h';

/** A gateway that restarts is waited for. Raised: visitors of one that is gone wait longer for Caddy's 502. */
const TRY_DURATION = '5s';
const TRY_INTERVAL = '250ms';

/**
 * All the names that one agent has on one port are one route: Caddy asks route after route and makes each anew at every
 * write. With 1,000 routes instead it served a sixteenth of the requests, and a write took ten times as long.
 */
export function routeIdOf({ owner, port }: Pick<DesiredRoute, 'owner' | 'port'>): string {
  return `${PREFIX}${owner}:${port}`;
}

export function isOurs(route: unknown): boolean {
  return isRecord(route) && typeof route['@id'] === 'string' && route['@id'].startsWith(PREFIX);
}

/** @param upstream `host:port` of the gateway, as Caddy dials it. */
export function makeRoute(id: string, hosts: readonly string[], port: number, upstream: string): object {
  return {
    '@id': id,
    match: [{ host: hosts }],
    handle: [
      {
        handler: 'reverse_proxy',
        upstreams: [{ dial: upstream }],
        // Caddy would ask for gzip where the visitor did not, and unpack it: not what the origin sent.
        transport: { protocol: 'http', compression: false },
        flush_interval: -1,
        stream_close_delay: STREAM_CLOSE_DELAY,
        load_balancing: { try_duration: TRY_DURATION, try_interval: TRY_INTERVAL },
        headers: { request: { set: { 'X-Forwarded-Port': [String(port)] } } },
      },
    ],
    terminal: true,
  };
}

/**
 * What the routes of ours among these say, whoever wrote them: an earlier run, most often. Caddy keeps no mapping ids:
 * the name and port stand for them.
 */
export function routesFound(routes: readonly unknown[]): DesiredRoute[] {
  return routes.filter(isOurs).flatMap((route) => {
    const id = isRecord(route) ? String(route['@id']) : '';
    const [, owner, portText] = /^octoporty:(.+):(\d{1,5})$/.exec(id) ?? [];
    if (owner === undefined) return [];
    const port = Number(portText);
    const matchers = isRecord(route) ? listIn(route, 'match') : [];
    return matchers.flatMap(hostsIn).map((domain) => ({ owner, id: `${domain}:${port}`, domain, port }));
  });
}
