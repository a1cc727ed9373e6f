// Owns the tests of what the agent tells of itself to Prometheus: its tunnel, its mappings, its database, what is in flight.

import { expect, test } from 'vitest';
import { createAgentMetrics, type AgentMetricsOptions } from '../../../services/agent/agentMetrics.ts';
import { MAX_COUNTED_DOMAINS } from '../../../services/agent/mappingMetrics.ts';
import type { UplinkStatus } from '../../../services/agent/uplink.ts';
import { createBus } from '../../../services/bus.ts';
import type { Fact } from '../../../services/facts.ts';
import { TUNNEL_END_CODES } from '../../../services/tunnelEnds.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { Mapping } from '../../../protocol/mapping.ts';
import { parseExposition } from '../../support/exposition.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';

const STATUS: UplinkStatus = {
  state: 'offline',
  sinceMs: 0,
  restMs: null,
  attempt: 1,
  lastError: null,
  gateway: { version: '1.0.0', host: null, rttMs: null },
  gatewayMachines: [],
  routes: null,
  config: { revision: 8, ackedRevision: null, errors: [] },
};

const MAPPING: Mapping = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'App',
  externalDomain: 'app.test',
  externalPort: 443,
  internalHost: '127.0.0.1',
  internalPort: 3000,
  internalProtocol: 'http',
  allowInvalidCertificates: false,
  hostHeader: 'preserve',
  enabled: true,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

const FINISHED: Fact<'relay.finished'> = {
  type: 'relay.finished',
  requestId: 'a-request-id',
  mappingId: MAPPING.id,
  method: 'GET',
  path: '/',
  visitorAddress: '203.0.113.9',
  status: 200,
  outcome: { kind: 'complete', code: null },
  durationMs: 40,
  firstByteMs: 30,
  bytesIn: 1,
  bytesOut: 20,
};

test('the levels of an agent are those of now', async () => {
  const errors = [{ id: MAPPING.id, code: 'domain_taken' }] as const;
  const { values, tell } = agent({}, [MAPPING, { ...MAPPING, id: 'b', enabled: false }]);
  tell({ gateway: { ...STATUS.gateway, rttMs: 12 }, config: { revision: 9, ackedRevision: 7, errors } });
  expect(await values()).toMatchObject({
    'octoporty_agent_info{version="1.0.0"}': 1,
    octoporty_agent_requests_in_flight: 6,
    'octoporty_agent_buffered_bytes{direction="in"}': 100,
    'octoporty_agent_buffered_bytes{direction="out"}': 200,
    octoporty_agent_tunnel_rtt_seconds: 0.012,
    octoporty_agent_config_revision: 9,
    octoporty_agent_config_acked_revision: 7,
    'octoporty_agent_mappings{state="enabled"}': 1,
    'octoporty_agent_mappings{state="disabled"}': 1,
    'octoporty_agent_mappings{state="refused"}': 1,
    octoporty_agent_database_up: 1,
    octoporty_agent_log_rows_dropped_total: 4,
    octoporty_agent_hub_clients: 3,
  });
});

test('what the gateway has never told is not made up', async () => {
  const series = Object.keys(await agent().values());
  expect(series).not.toContain('octoporty_agent_tunnel_rtt_seconds');
  expect(series).not.toContain('octoporty_agent_config_acked_revision');
});

test.each([
  ['starting', 0],
  ['ok', 1],
  ['lost', 0],
] as const)('a database that is %s is told as %d', async (state, up) => {
  const { values } = agent({ databaseState: () => state });
  expect((await values()).octoporty_agent_database_up).toBe(up);
});

test('the time with a tunnel rises while there is one, and only then', async () => {
  const { values, tell, come, lose, clock } = agent();
  const seconds = async () => (await values()).octoporty_agent_tunnel_online_seconds_total;
  clock.runUntil(1_000);
  expect(await values()).toMatchObject({
    octoporty_agent_tunnel_online: 0,
    octoporty_agent_tunnel_online_seconds_total: 0,
  });
  come();
  clock.runUntil(3_000);
  tell({ state: 'online.doubtful' });
  clock.runUntil(6_000);
  expect(await values()).toMatchObject({
    octoporty_agent_tunnel_online: 1,
    octoporty_agent_tunnel_online_seconds_total: 5,
  });
  lose('wire_closed');
  clock.runUntil(9_000);
  expect(await values()).toMatchObject({
    octoporty_agent_tunnel_online: 0,
    octoporty_agent_tunnel_online_seconds_total: 5,
  });
  come();
  clock.runUntil(10_000);
  expect(await seconds()).toBe(6);
});

test('whether there is a tunnel is what its status says, whatever was told before', async () => {
  const { values, tell, come } = agent();
  come();
  tell({ state: 'offline' });
  expect((await values()).octoporty_agent_tunnel_online).toBe(0);
});

test('a loss is counted with its reason, and how long it took until a tunnel was back', async () => {
  const { values, come, lose, clock } = agent();
  come();
  expect((await values()).octoporty_agent_reconnect_seconds_count).toBe(0);
  lose('peer_silent');
  clock.runUntil(2_500);
  come();
  lose('stopped');
  expect(await values()).toMatchObject({
    'octoporty_agent_tunnel_losses_total{code="peer_silent"}': 1,
    'octoporty_agent_tunnel_losses_total{code="stopped"}': 1,
    octoporty_agent_reconnect_seconds_count: 1,
    octoporty_agent_reconnect_seconds_sum: 2.5,
    'octoporty_agent_reconnect_seconds_bucket{le="2"}': 0,
    'octoporty_agent_reconnect_seconds_bucket{le="3"}': 1,
  });
});

test('what has not happened yet is told as zero, by each reason that there may be', async () => {
  const before = await agent().values();
  expect(before).toMatchObject({
    'octoporty_agent_tunnel_losses_total{code="peer_silent"}': 0,
    'octoporty_agent_tunnel_losses_total{code="wire_closed"}': 0,
    'octoporty_agent_mapping_edits_total{change="removed"}': 0,
  });
  expect(Object.keys(before)).not.toContain('octoporty_agent_tunnel_losses_total{code="none"}');
});

test('losses make no new series, whatever ended the tunnel', async () => {
  const { values, lose } = agent();
  const before = Object.keys(await values()).length;
  for (const code of TUNNEL_END_CODES) lose(code);
  expect(Object.keys(await values())).toHaveLength(before);
});

test('requests are counted by the public name of their mapping', async () => {
  const { values, finish } = agent();
  finish();
  finish({ outcome: { kind: 'failed', code: 'origin_refused' }, bytesIn: 0, bytesOut: 0 });
  finish({ mappingId: null });
  expect(await values()).toMatchObject({
    octoporty_agent_request_duration_seconds_count: 3,
    'octoporty_agent_mapping_requests_total{domain="app.test",outcome="complete"}': 1,
    'octoporty_agent_mapping_requests_total{domain="app.test",outcome="failed"}': 1,
    'octoporty_agent_mapping_requests_total{domain="app.test",outcome="cut"}': 0,
    'octoporty_agent_mapping_body_bytes_total{domain="app.test",direction="in"}': 1,
    'octoporty_agent_mapping_body_bytes_total{domain="app.test",direction="out"}': 20,
  });
});

test('names beyond those that are counted, and those that are gone, are counted together', async () => {
  const many = Array.from({ length: MAX_COUNTED_DOMAINS + 5 }, (_, number) => ({
    ...MAPPING,
    id: `m${number}`,
    externalDomain: `n${number}.test`,
  }));
  const { values, finish } = agent({}, many);
  for (const { id } of [...many, ...many]) finish({ mappingId: id });
  finish({ mappingId: 'gone' });
  const series = Object.entries(await values()).filter(([name]) => name.includes('mapping_requests_total'));
  expect(series).toHaveLength((MAX_COUNTED_DOMAINS + 1) * 4);
  expect(Object.fromEntries(series)).toMatchObject({
    'octoporty_agent_mapping_requests_total{domain="n0.test",outcome="complete"}': 2,
    'octoporty_agent_mapping_requests_total{domain="other",outcome="complete"}': 11,
  });
});

test('edits are counted one by one, those of many mappings together too', async () => {
  const { values, bus } = agent();
  bus.publish(() => ({ type: 'mapping.saved', mappingId: 'a', revision: 1, change: 'saved' }));
  bus.publish(() => ({ type: 'mapping.saved', mappingId: 'a', revision: 2, change: 'removed' }));
  bus.publish(() => ({ type: 'mappings.edited', revision: 3, saved: 5, removed: 2 }));
  expect(await values()).toMatchObject({
    'octoporty_agent_mapping_edits_total{change="saved"}': 6,
    'octoporty_agent_mapping_edits_total{change="removed"}': 3,
  });
});

function agent(options: Partial<AgentMetricsOptions> = {}, stored: readonly Mapping[] = [MAPPING]) {
  const clock = new SimulatedClock();
  let status = STATUS;
  const bus = createBus((error) => {
    throw error;
  });
  const metrics = createAgentMetrics({
    bus,
    clock,
    version: '1.0.0',
    uplink: {
      get status() {
        return status;
      },
    },
    load: () => ({ streams: 5, receivedBytes: 100, sentBytes: 200 }),
    mappings: { view: { revision: 1, edition: 1, mappings: new Map(stored.map((each) => [each.id, each])) } },
    databaseState: () => 'ok',
    droppedLogRows: () => 4,
    relays: () => 6,
    hubClients: () => 3,
    ...options,
  });
  const tell = (change: Partial<UplinkStatus>) => {
    status = { ...status, ...change };
  };
  /** As the uplink does: its status moves, then it says so. */
  const become = (state: 'online' | 'offline', code: ErrorCode | null) => {
    tell({ state: state === 'online' ? 'online.lively' : 'waiting' });
    bus.publish(() => ({ type: 'tunnel.changed', tunnel: 'connection', state, code, detail: '' }));
  };
  return {
    bus,
    clock,
    tell,
    come: () => become('online', null),
    lose: (code: ErrorCode) => become('offline', code),
    finish: (change: Partial<Fact<'relay.finished'>> = {}) => bus.publish(() => ({ ...FINISHED, ...change })),
    values: async () => Object.fromEntries(parseExposition(await metrics.read()).values),
  };
}
