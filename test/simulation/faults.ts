// Everything that goes wrong in a world, or is done to it: drawn beforehand, each at its time.

import type { SeededRandom } from './seededRandom.ts';
import type { Reach } from './simNetwork.ts';

export type Fault =
  /** The running wires of an agent. */
  | { readonly kind: 'cut'; readonly agent: number }
  | { readonly kind: 'stall'; readonly agent: number; readonly direction: Direction; readonly forMs: number }
  | { readonly kind: 'halfOpen'; readonly agent: number; readonly direction: Direction }
  /** What its dials meet for a while; the running wires end with it, or are lost without a word, or live on. */
  | {
      readonly kind: 'outage';
      readonly agent: number;
      readonly reach: Exclude<Reach, 'open'>;
      readonly wires: 'cut' | 'halfOpen' | 'kept';
      readonly forMs: number;
    }
  | { readonly kind: 'gatewayCrash'; readonly isHalfOpen: boolean; readonly forMs: number }
  | { readonly kind: 'gatewayRestart'; readonly forMs: number }
  | {
      readonly kind: 'agentCrash';
      readonly agent: number;
      readonly isHalfOpen: boolean;
      readonly forMs: number;
    }
  | { readonly kind: 'agentRestart'; readonly agent: number; readonly forMs: number }
  | { readonly kind: 'reconnect'; readonly agent: number }
  /** Dials again and again, whatever it is told. */
  | { readonly kind: 'hammer'; readonly agent: number; readonly times: number }
  /** A secret is rotated: the gateway takes both, each agent starts with the next one, the gateway takes only that. */
  | { readonly kind: 'rotateGateway'; readonly isLast: boolean; readonly forMs: number }
  | { readonly kind: 'rotateAgent'; readonly agent: number; readonly forMs: number }
  | { readonly kind: 'edit'; readonly agent: number; readonly edit: Edit; readonly place: number }
  | { readonly kind: 'wallJump'; readonly byMs: number };

export type Direction = 'both' | 'up' | 'down';

/** `twice`: disabled and enabled again, or the other way round, with the answers heard in the wrong order. */
export type Edit = 'toggle' | 'retarget' | 'remove' | 'rename' | 'twice';

export interface DatedFault {
  readonly atMs: number;
  readonly fault: Fault;
}

export function drawFaults(random: SeededRandom, agents: number, untilMs: number): DatedFault[] {
  const count = random.pick([1, 2, 2, 3, 4, 6]);
  const faults = Array.from({ length: count }, () => ({
    atMs: random.between(100, untilMs),
    fault: drawFault(random, agents),
  }));
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

export function drawEdits(random: SeededRandom, agents: number, untilMs: number): DatedFault[] {
  return Array.from({ length: random.pick([0, 0, 1, 2, 4]) }, (): DatedFault => ({
    atMs: random.between(50, untilMs),
    fault: {
      kind: 'edit',
      agent: random.between(0, agents - 1),
      edit: random.pick(['toggle', 'toggle', 'retarget', 'remove', 'rename', 'twice', 'twice'] as const),
      place: random.between(0, 7),
    },
  }));
}

/** One rotation from beginning to end, whatever else goes wrong meanwhile. */
export function drawRotation(random: SeededRandom, agents: number, untilMs: number): DatedFault[] {
  const forMs = random.pick([20, 300]);
  const firstMs = random.between(100, untilMs / 3);
  const lastMs = random.between((2 * untilMs) / 3, untilMs - 10);
  const moves = Array.from({ length: agents }, (_, agent): DatedFault => ({
    atMs: random.between(firstMs + 1, lastMs - 1),
    fault: { kind: 'rotateAgent', agent, forMs },
  }));
  return [
    { atMs: firstMs, fault: { kind: 'rotateGateway', isLast: false, forMs } },
    ...moves,
    { atMs: lastMs, fault: { kind: 'rotateGateway', isLast: true, forMs } },
  ];
}

function drawFault(random: SeededRandom, agents: number): Fault {
  const agent = random.between(0, agents - 1);
  const direction = random.pick<Direction>(['both', 'both', 'up', 'down']);
  const forMs = random.pick([20, 300, 1_200, 2_500, 5_000, 9_000]);
  const kind = random.pick([
    'cut',
    'cut',
    'stall',
    'stall',
    'halfOpen',
    'halfOpen',
    'outage',
    'outage',
    'outage',
    'gatewayCrash',
    'gatewayRestart',
    'agentCrash',
    'agentRestart',
    'reconnect',
    'wallJump',
  ] as const);
  switch (kind) {
    case 'cut':
    case 'reconnect':
      return { kind, agent };
    case 'stall':
      return { kind, agent, direction, forMs };
    case 'halfOpen':
      return { kind, agent, direction };
    case 'outage': {
      const reach = random.pick(['refused', 'blackhole', 'blackhole', 'swallowed'] as const);
      return { kind, agent, reach, wires: random.pick(['cut', 'halfOpen', 'kept'] as const), forMs };
    }
    case 'gatewayCrash':
      return { kind, isHalfOpen: random.fraction() < 0.4, forMs };
    case 'gatewayRestart':
      return { kind, forMs };
    case 'agentCrash':
      return { kind, agent, isHalfOpen: random.fraction() < 0.4, forMs };
    case 'agentRestart':
      return { kind, agent, forMs };
    case 'wallJump':
      return { kind, byMs: random.pick([-7_200_000, -5_000, 5_000, 86_400_000]) };
  }
}
