// What the gateway tells of Caddy to Prometheus: whether it serves what it should, and the certificates that visitors get.

import type { Metrics } from '../metrics.ts';
import type { CaddyStatus } from './caddyStatus.ts';
import type { RouteBook } from './routeBook.ts';

export interface CaddyMetricsOptions {
  readonly book: Pick<RouteBook, 'standings' | 'standingOf' | 'certificateOf'>;
  readonly gatewayHost: string | null;
  /** Null: it is being started. */
  readonly status: () => CaddyStatus | null;
}

export function describeCaddy(metrics: Metrics, prefix: string, options: CaddyMetricsOptions): void {
  metrics.level(
    {
      name: `${prefix}_caddy_up`,
      help: '1: Caddy can be reached and takes the routes; 0: it does not, or has not been seen yet.',
    },
    () => upOf(options.status()),
  );
  metrics.levels(
    {
      name: `${prefix}_caddy_routes`,
      help: 'Routes of mappings that there should be, by how they stand; together they are those that are wanted.',
      label: 'state',
    },
    () => routesByState(options),
  );
  metrics.levels(
    {
      name: `${prefix}_caddy_certificates`,
      help: "Certificates that visitors get, the gateway's own too: issued, pending, failed, or unrenewed (good for now, but its renewal fails).",
      label: 'state',
    },
    () => certificatesByState(options),
  );
  metrics.level(
    {
      name: `${prefix}_caddy_certificate_expiry_timestamp_seconds`,
      help: 'When the first of the issued certificates expires, in seconds since 1970.',
    },
    () => firstExpirySeconds(options),
  );
}

function upOf(status: CaddyStatus | null): number {
  return status?.state === 'right' || status?.state === 'changing' ? 1 : 0;
}

function routesByState({ book }: CaddyMetricsOptions): Record<string, number> {
  const counts = { applied: 0, pending: 0, conflict: 0, failed: 0 };
  for (const [, { state }] of book.standings()) counts[state] += 1;
  return counts;
}

function certificatesByState(options: CaddyMetricsOptions): Record<string, number> {
  const counts = { issued: 0, pending: 0, failed: 0, unrenewed: 0 };
  for (const { state, reason } of certificatesOf(options))
    counts[state === 'issued' && reason !== '' ? 'unrenewed' : state] += 1;
  return counts;
}

function firstExpirySeconds(options: CaddyMetricsOptions): number | null {
  let firstMs = Infinity;
  for (const { expiresAtMs } of certificatesOf(options)) firstMs = Math.min(firstMs, expiresAtMs ?? Infinity);
  return firstMs === Infinity ? null : firstMs / 1000;
}

function* certificatesOf({ book, gatewayHost }: CaddyMetricsOptions) {
  const own = gatewayHost === null ? undefined : book.certificateOf({ domain: gatewayHost, port: 443 });
  if (own !== undefined) yield own;
  for (const [route] of book.standings()) {
    const { certificate } = book.standingOf(route);
    if (certificate !== undefined) yield certificate;
  }
}
