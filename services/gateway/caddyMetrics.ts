// What the gateway tells of Caddy to Prometheus: whether it serves what it should, and the certificates that visitors get.

import type { ToldCertificate } from '../../protocol/control.ts';
import type { Metrics } from '../metrics.ts';
import type { CaddyStatus } from './caddyStatus.ts';
import type { RouteBook } from './routeBook.ts';

export interface CaddyMetricsOptions {
  readonly book: Pick<RouteBook, 'standings' | 'certificateOf'>;
  readonly gatewayHost: string | null;
  /** Null: it is being started. */
  readonly status: () => CaddyStatus | null;
}

export function describeCaddy(metrics: Metrics, prefix: string, options: CaddyMetricsOptions): void {
  const seen = metrics.once(() => lookAt(options));
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
    () => seen().routes,
  );
  metrics.levels(
    {
      name: `${prefix}_caddy_certificates`,
      help: "Certificates that visitors get, the gateway's own too: issued, pending, failed, or unrenewed (good for now, but its renewal fails).",
      label: 'state',
    },
    () => seen().certificates,
  );
  metrics.level(
    {
      name: `${prefix}_caddy_certificate_expiry_timestamp_seconds`,
      help: 'When the first of the issued certificates expires, in seconds since 1970.',
    },
    () => seen().firstExpirySeconds,
  );
}

function upOf(status: CaddyStatus | null): number {
  return status?.state === 'right' || status?.state === 'changing' ? 1 : 0;
}

interface Seen {
  readonly routes: Readonly<Record<string, number>>;
  readonly certificates: Readonly<Record<string, number>>;
  /** Null: none is known. */
  readonly firstExpirySeconds: number | null;
}

/** Thousands of routes are gone through: as little is made of each as can be. */
function lookAt({ book, gatewayHost }: CaddyMetricsOptions): Seen {
  const routes = { applied: 0, pending: 0, conflict: 0, failed: 0 };
  const certificates = { issued: 0, pending: 0, failed: 0, unrenewed: 0 };
  let firstMs = Infinity;
  function count(certificate: ToldCertificate | undefined): void {
    if (certificate === undefined) return;
    const { state, reason, expiresAtMs } = certificate;
    certificates[state === 'issued' && reason !== '' ? 'unrenewed' : state] += 1;
    firstMs = Math.min(firstMs, expiresAtMs ?? Infinity);
  }
  if (gatewayHost !== null) count(book.certificateOf({ domain: gatewayHost, port: 443 }));
  for (const [route, { state }] of book.standings()) {
    routes[state] += 1;
    // Only what we have there is ours to tell of.
    if (state === 'applied') count(book.certificateOf(route));
  }
  return { routes, certificates, firstExpirySeconds: firstMs === Infinity ? null : firstMs / 1000 };
}
