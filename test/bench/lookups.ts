// What it costs the gateway to find the tunnel for a host, with few mappings and with many.

import { wireMappingOf } from '../../protocol/mapping.ts';
import { Directory } from '../../services/gateway/directory.ts';
import { manyMapping } from './manyMappings.ts';
import { percentile } from './verdict.ts';

const ROUNDS = 15;
const LOOKUPS = 200_000;

export interface LookupCosts {
  /** Nanoseconds a lookup, medians. The same few names are asked for in both. */
  readonly fewNs: number;
  readonly manyNs: number;
  /** All of the many names take turns: what caches of the processor make of it is part of that. */
  readonly spreadNs: number;
}

/** By turns, so that all meet the same machine. */
export function measureLookups(few: number, many: number): LookupCosts {
  const [small, large] = [directoryOf(few), directoryOf(many)];
  const contestants = {
    few: { directory: small, names: namesOf(few) },
    many: { directory: large, names: namesOf(few) },
    spread: { directory: large, names: namesOf(many) },
  };
  const costs = { few: [] as number[], many: [] as number[], spread: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of ['few', 'many', 'spread'] as const) {
      const ns = costOf(contestants[name].directory, contestants[name].names);
      // The first round is for the compiler.
      if (round > 0) costs[name].push(ns);
    }
  }
  return {
    fewNs: percentile(costs.few, 0.5),
    manyNs: percentile(costs.many, 0.5),
    spreadNs: percentile(costs.spread, 0.5),
  };
}

function costOf(directory: Directory, names: readonly string[]): number {
  const startMs = performance.now();
  let found = 0;
  for (let n = 0; n < LOOKUPS; n += 1) {
    if (directory.find(names[n % names.length] ?? '', null).kind === 'live') found += 1;
  }
  const tookMs = performance.now() - startMs;
  if (found !== LOOKUPS) throw new Error(`${LOOKUPS - found} names were not found`);
  return (tookMs * 1e6) / LOOKUPS;
}

function directoryOf(count: number): Directory {
  const directory = new Directory({
    gatewayHost: null,
    offeredPorts: null,
    leaseMs: 1_000,
    nowMs: () => performance.now(),
  });
  const identity = { agentId: 'agent', epoch: 'epoch', slot: 0, attempt: 1 };
  const mappings = Array.from({ length: count }, (_, n) => wireMappingOf(manyMapping(n)));
  directory.apply(1, identity, 1, mappings);
  return directory;
}

/** In an order that is none of the table's. */
function namesOf(count: number): string[] {
  const step = 7_919;
  return Array.from({ length: count }, (_, n) => `many-${(n * step) % count}.example`);
}
