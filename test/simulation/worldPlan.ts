// What a seed makes of a world: who is there, over which lines, who asks for what, and what goes wrong.

import { drawEdits, drawFaults, drawRotation, type DatedFault } from './faults.ts';
import { drawPlan, type Plan } from './plans.ts';
import type { Line } from './simPipe.ts';
import type { SeededRandom } from './seededRandom.ts';

export interface AgentPlan {
  readonly name: string;
  readonly agentId: string;
  /** The same for agents behind one router. */
  readonly address: string;
  readonly knowsSecret: boolean;
  readonly line: Line;
  readonly startMs: number;
  readonly mappings: readonly { readonly domain: string; readonly port: number }[];
}

export interface WorldPlan {
  readonly agents: readonly AgentPlan[];
  readonly visits: readonly { readonly atMs: number; readonly plan: Plan }[];
  readonly faults: readonly DatedFault[];
  /** Nothing goes wrong but what origins and visitors do themselves. */
  readonly isCalm: boolean;
  readonly quietMs: number;
  readonly headTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly drainMs: number;
  readonly lifetimeMs: number;
  readonly renewAfterMs: number;
  /** Who is shut down first in the end. */
  readonly stopsFirst: 'agents' | 'gateway' | 'both';
}

/** Shorter than a large body takes on the slowest line. */
const BULK_BYTES = [20_000, 65_537, 140_000, 300_000, 1_200_000] as const;

export function drawWorld(random: SeededRandom): WorldPlan {
  const honest = random.pick([1, 1, 2] as const);
  const agents = Array.from({ length: honest }, (_, n) => drawAgent(random, n, true));
  const [first, second] = agents;
  if (first !== undefined && second !== undefined && random.fraction() < 0.4)
    agents[1] = { ...second, mappings: [...second.mappings, { domain: 'm0.a0.test', port: 9_000 }] };
  // A slow line under load may take longer to answer than a living agent has.
  const isCloned = random.fraction() < 0.12 && agents.every(({ line }) => line.bytesPerMs >= 3_000);
  if (isCloned && first !== undefined) agents.push(cloneOf(first, random));
  const trusted = agents.length;
  const hasStranger = random.fraction() < 0.12;
  if (hasStranger) agents.push(strangerOf(drawAgent(random, trusted, false), random));
  const quietMs = random.pick([1_500, 2_500, 4_000, 7_000] as const);
  const isCalm = random.fraction() < 0.2;
  const isSlow = agents.some(({ line }) => line.bytesPerMs < 200);
  const bulkBytes = isSlow ? 65_537 : random.pick(BULK_BYTES);
  const hosts = agents.flatMap(({ mappings }) => mappings.map(({ domain }) => domain));
  const count = random.pick([3, 6, 10, 16, 24] as const);
  const visits = Array.from({ length: count }, (_, n) => {
    const host =
      random.fraction() < 0.04 ? 'nobody.test' : (hosts[random.between(0, hosts.length - 1)] ?? '');
    return { atMs: random.between(0, quietMs), plan: drawPlan(random, `r${n}`, host, bulkBytes) };
  });
  const edits = drawEdits(random, trusted, quietMs);
  const rotation = !isCalm && random.fraction() < 0.15 ? drawRotation(random, trusted, quietMs) : [];
  const faults = isCalm ? [] : drawFaults(random, trusted, quietMs);
  if (hasStranger && random.fraction() < 0.5)
    faults.push({ atMs: random.between(0, 1_000), fault: { kind: 'hammer', agent: trusted, times: 12 } });
  // A session that is renewed every few seconds, where no bulk can delay that by as much.
  const isBrief = random.fraction() < 0.2 && !isSlow;
  return {
    agents,
    visits: visits.toSorted((a, b) => a.atMs - b.atMs),
    faults: [...edits, ...faults, ...rotation].toSorted((a, b) => a.atMs - b.atMs),
    isCalm,
    quietMs,
    // On a slow line a small answer may wait for seconds behind what was sent ahead of it.
    headTimeoutMs: isSlow ? 12_000 : random.pick([1_500, 4_000] as const),
    connectTimeoutMs: random.pick([800, 2_500] as const),
    drainMs: random.pick([300, 2_000] as const),
    lifetimeMs: isBrief ? 6_000 : 900_000,
    renewAfterMs: isBrief ? 1_500 : 600_000,
    stopsFirst: random.pick(['agents', 'gateway', 'both'] as const),
  };
}

function drawAgent(random: SeededRandom, n: number, knowsSecret: boolean): AgentPlan {
  const mappings = Array.from({ length: random.pick([1, 2, 3] as const) }, (_, m) => ({
    domain: `m${m}.a${n}.test`,
    port: 8_000 + m,
  }));
  return {
    name: `agent${n}`,
    address: `agent${n}`,
    agentId: `00000000-0000-4000-8000-00000000000${n}`,
    knowsSecret,
    line: drawLine(random),
    startMs: random.between(0, 600),
    mappings,
  };
}

/** A copy of the whole data folder, run beside the first on a line of its own. */
function cloneOf(first: AgentPlan, random: SeededRandom): AgentPlan {
  return {
    ...first,
    name: 'clone',
    address: random.pick([first.address, 'clone']),
    line: { ...drawLine(random), bytesPerMs: Infinity },
    startMs: random.between(0, 2_000),
  };
}

/** Whoever guesses may sit behind the same router as an agent that knows. */
function strangerOf(stranger: AgentPlan, random: SeededRandom): AgentPlan {
  return { ...stranger, address: random.pick([stranger.address, 'agent0']) };
}

function drawLine(random: SeededRandom): Line {
  return {
    latencyMs: random.pick([0, 1, 5, 20, 60] as const),
    jitterMs: random.pick([0, 0, 2, 10] as const),
    bytesPerMs: random.pick([Infinity, Infinity, 20_000, 3_000, 500, 60] as const),
    kernelBytes: random.pick([0, 65_536, 262_144] as const),
    regroups: random.fraction() < 0.35,
  };
}
