// What counting costs a request, gateway and agent each, interleaved with the same facts counted by nobody. Run it with
// node itself: `node test/bench/metricsCost.ts`.

import { performance } from 'node:perf_hooks';
import type { Mapping } from '../../protocol/mapping.ts';
import { createAgentMetrics } from '../../services/agent/agentMetrics.ts';
import { createBus, type Bus } from '../../services/bus.ts';
import type { Fact } from '../../services/facts.ts';
import { createGatewayMetrics } from '../../services/gateway/gatewayMetrics.ts';
import { percentile } from './verdict.ts';

const REQUESTS = 100_000;
const ROUNDS = 15;

/** A request costs tens of them anyway. */
const LIMIT_MICROSECONDS = 2;

const domains = Array.from({ length: 50 }, (_, number) => `n${number}.test`);
const mappings = new Map(domains.map((domain) => [domain, mappingOf(domain)]));
const facts = domains.flatMap((domain) => [
  finished(domain, 200, { kind: 'complete', code: null }),
  finished(domain, 304, { kind: 'complete', code: null }),
  finished(domain, 502, { kind: 'failed', code: 'origin_refused' }),
  finished(domain, 200, { kind: 'left', code: 'cancelled' }),
]);

const sides = { nobody: nobody(), gateway: gateway(), agent: agent() };
const spent = { nobody: [] as number[], gateway: [] as number[], agent: [] as number[] };
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const name of ['nobody', 'gateway', 'agent'] as const) {
    const each = measure(sides[name]);
    // The first round is for the compiler.
    if (round > 0) spent[name].push(each);
  }
}
const bare = percentile(spent.nobody, 0.5);
const costs = { gateway: percentile(spent.gateway, 0.5) - bare, agent: percentile(spent.agent, 0.5) - bare };
for (const [name, cost] of Object.entries(costs)) console.log(`${name}: ${cost.toFixed(2)} µs a request`);
console.log(`counted by nobody: ${bare.toFixed(2)} µs; limit ${LIMIT_MICROSECONDS} µs`);
process.exit(Math.max(...Object.values(costs)) <= LIMIT_MICROSECONDS ? 0 : 1);

/** Microseconds for each request. */
function measure(bus: Bus): number {
  const beganMs = performance.now();
  for (let number = 0; number < REQUESTS; number += 1) {
    const fact = facts[number % facts.length];
    if (fact !== undefined) bus.publish(() => fact);
  }
  return ((performance.now() - beganMs) * 1000) / REQUESTS;
}

function nobody(): Bus {
  const bus = quietBus();
  bus.on('relay.finished', () => {});
  return bus;
}

function gateway(): Bus {
  const bus = quietBus();
  createGatewayMetrics({
    bus,
    version: '',
    counts: unasked,
    sessions: unasked,
    load: unasked,
    relays: unasked,
    caddy: null,
  });
  return bus;
}

function agent(): Bus {
  const bus = quietBus();
  createAgentMetrics({
    bus,
    clock: { nowMs: unasked },
    version: '',
    uplink: {
      get status() {
        return unasked();
      },
    },
    load: unasked,
    mappings: { view: { revision: 1, edition: 1, mappings } },
    databaseState: unasked,
    droppedLogRows: unasked,
    relays: unasked,
    hubClients: unasked,
  });
  return bus;
}

function quietBus(): Bus {
  return createBus((error) => {
    throw error;
  });
}

/** Nothing is read here. */
function unasked(): never {
  throw new Error('A level was read.');
}

function mappingOf(domain: string): Mapping {
  return {
    id: domain,
    name: domain,
    externalDomain: domain,
    externalPort: 443,
    internalHost: '127.0.0.1',
    internalPort: 80,
    internalProtocol: 'http',
    allowInvalidCertificates: false,
    hostHeader: 'preserve',
    enabled: true,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  };
}

function finished(
  mappingId: string,
  status: number,
  outcome: Fact<'relay.finished'>['outcome'],
): Fact<'relay.finished'> {
  return {
    type: 'relay.finished',
    requestId: 'a-request-id',
    mappingId,
    method: 'GET',
    path: '/',
    visitorAddress: '203.0.113.9',
    status,
    outcome,
    durationMs: 12,
    firstByteMs: 9,
    bytesIn: 100,
    bytesOut: 20_000,
  };
}
