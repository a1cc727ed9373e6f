// Owns the tests of what the gateway tells of itself to Prometheus: tunnels, refusals, what is in flight, and Caddy.

import { expect, test } from 'vitest';
import { createBus } from '../../../services/bus.ts';
import { CertificateBook } from '../../../services/gateway/certificateBook.ts';
import {
  createGatewayMetrics,
  type GatewayMetricsOptions,
} from '../../../services/gateway/gatewayMetrics.ts';
import { RouteBook, type RouteStanding } from '../../../services/gateway/routeBook.ts';
import { parseExposition } from '../../support/exposition.ts';

const SESSION = {
  id: 'session.3',
  agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01',
  agentVersion: '1.2.3',
  state: 'online.fresh',
  since: '2026-01-01T00:00:00.000Z',
  rttMs: 40,
  revision: 7,
  mappings: 2,
  refused: 1,
};

const STATUS = {
  state: 'right',
  since: '2026-01-01T00:00:00.000Z',
  desired: 0,
  applied: 0,
  certificates: { issued: 0, pending: 0, failed: 0 },
  withoutCertificate: [],
  conflicts: [],
  lastError: null,
} as const;

test('the levels of a gateway are those of now', async () => {
  const { values } = gateway();
  expect(await values()).toMatchObject({
    'octoporty_gateway_info{version="1.0.0"}': 1,
    octoporty_gateway_agents: 1,
    octoporty_gateway_tunnels: 2,
    octoporty_gateway_names: 3,
    octoporty_gateway_requests_in_flight: 6,
    octoporty_gateway_streams: 5,
    'octoporty_gateway_buffered_bytes{direction="in"}': 100,
    'octoporty_gateway_buffered_bytes{direction="out"}': 200,
    octoporty_gateway_tunnel_rtt_max_seconds: 0.04,
  });
});

test('a round trip that was never measured is not told', async () => {
  const { values } = gateway({ sessions: () => [{ ...SESSION, rttMs: null }] });
  expect(Object.keys(await values())).not.toContain('octoporty_gateway_tunnel_rtt_max_seconds');
});

test('tunnels are counted as they come and go, and dials as they are refused, with the reason', async () => {
  const { bus, values } = gateway();
  const tunnel = { type: 'tunnel.changed', tunnel: 'session.1', detail: '' } as const;
  bus.publish(() => ({ ...tunnel, state: 'online', code: null }));
  bus.publish(() => ({ ...tunnel, state: 'offline', code: 'peer_silent' }));
  bus.publish(() => ({ ...tunnel, state: 'offline', code: null }));
  bus.publish(() => ({ type: 'tunnel.refused', address: '203.0.113.1', code: 'auth_failed' }));
  expect(await values()).toMatchObject({
    octoporty_gateway_tunnels_opened_total: 1,
    'octoporty_gateway_tunnels_ended_total{code="peer_silent"}': 1,
    'octoporty_gateway_tunnels_ended_total{code="none"}': 1,
    'octoporty_gateway_agents_refused_total{code="auth_failed"}': 1,
  });
});

test('an end or a refusal that has not happened yet is told as none, so that its first is seen', async () => {
  expect(await gateway().values()).toMatchObject({
    'octoporty_gateway_tunnels_ended_total{code="peer_silent"}': 0,
    'octoporty_gateway_agents_refused_total{code="auth_failed"}': 0,
    'octoporty_gateway_agents_refused_total{code="duplicate_agent"}': 0,
  });
});

test.each([
  ['right', 1],
  ['changing', 1],
  ['starting', 0],
  ['failing', 0],
] as const)('a Caddy that is %s is told as %d', async (state, up) => {
  const { values } = gateway({ caddy: caddy({}, { ...STATUS, state }) });
  expect((await values()).octoporty_gateway_caddy_up).toBe(up);
});

test('a Caddy that has not been seen is told as down, and a gateway without one tells nothing of it', async () => {
  expect((await gateway({ caddy: caddy({}, null) }).values()).octoporty_gateway_caddy_up).toBe(0);
  const without = Object.keys(await gateway({ caddy: null }).values());
  expect(without.filter((series) => series.includes('caddy'))).toEqual([]);
});

test('routes are counted by how they stand', async () => {
  const { values } = gateway({
    caddy: caddy({ 'a.test': 'applied', 'b.test': 'applied', 'c.test': 'conflict' }),
  });
  expect(await values()).toMatchObject({
    'octoporty_gateway_caddy_routes{state="applied"}': 2,
    'octoporty_gateway_caddy_routes{state="pending"}': 0,
    'octoporty_gateway_caddy_routes{state="conflict"}': 1,
    'octoporty_gateway_caddy_routes{state="failed"}': 0,
  });
});

test('certificates are counted by state, the gateway’s own too, with the first day on which one ends', async () => {
  const certificates = new CertificateBook();
  const book = { 'a.test': 'applied', 'b.test': 'applied', 'c.test': 'applied' } as const;
  const options = caddy(book, STATUS, certificates);
  const { values } = gateway({ caddy: options });
  expect(Object.keys(await values())).not.toContain(EXPIRY);
  const names = [...Object.keys(book), 'gateway.test'];
  for (const domain of names) certificates.publish({ domain, port: 443 });
  const problem = { kind: 'other', detail: 'why' } as const;
  const see = (domain: string, expiresAtMs: number | null, isHindered: boolean) => {
    const probed =
      expiresAtMs === null
        ? ({ kind: 'none' } as const)
        : ({ kind: 'issued', expiresAtMs, isLate: false } as const);
    certificates.note({ domain, port: 443 }, { probed });
    if (isHindered) certificates.note({ domain, port: 443 }, { problem });
  };
  see('a.test', 9_000, false);
  see('b.test', 8_000, true);
  see('c.test', null, true);
  see('gateway.test', 7_000, false);
  expect(await values()).toMatchObject({
    'octoporty_gateway_caddy_certificates{state="issued"}': 2,
    'octoporty_gateway_caddy_certificates{state="unrenewed"}': 1,
    'octoporty_gateway_caddy_certificates{state="failed"}': 1,
    'octoporty_gateway_caddy_certificates{state="pending"}': 0,
    [EXPIRY]: 7,
  });
});

const EXPIRY = 'octoporty_gateway_caddy_certificate_expiry_timestamp_seconds';

/** Caddy with these routes, as it is told. */
function caddy(
  routes: Readonly<Record<string, RouteStanding['state']>>,
  status: ReturnType<NonNullable<GatewayMetricsOptions['caddy']>['status']> = STATUS,
  certificates = new CertificateBook(),
) {
  const book = new RouteBook(certificates);
  book.note(
    Object.entries(routes).map(
      ([domain, state]) =>
        [
          { owner: 'a', id: domain, domain, port: 443 },
          { state, reason: '' },
        ] as const,
    ),
  );
  return { book, gatewayHost: 'gateway.test', status: () => status };
}

function gateway(options: Partial<GatewayMetricsOptions> = {}) {
  const bus = createBus((error) => {
    throw error;
  });
  const metrics = createGatewayMetrics({
    bus,
    version: '1.0.0',
    counts: () => ({ agents: 1, tunnels: 2, names: 3 }),
    sessions: () => [SESSION, { ...SESSION, rttMs: null }, { ...SESSION, rttMs: 12 }],
    load: () => ({ streams: 5, receivedBytes: 100, sentBytes: 200 }),
    relays: () => 6,
    caddy: null,
    ...options,
  });
  return { bus, values: async () => Object.fromEntries(parseExposition(await metrics.read()).values) };
}
