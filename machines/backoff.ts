// When to dial again: full jitter under a ceiling that keeps the promise of being online within five seconds.

import { assign, sendParent, setup } from 'xstate';
import { fraction, type Random } from './random.ts';

/** The first ceiling. Lowered: a gateway that restarts meets all its agents in the same instant. */
const FIRST_CEILING_MS = 250;

/** No ceiling above this, ever. Raised: an agent is still resting when the network returns. */
export const MAX_GAP_MS = 3_000;

/** No gap below this. Lowered: a gateway that refuses at once is dialled in a busy loop. */
const MIN_GAP_MS = 20;

/**
 * Beside a dial that is under way, no gap below this. Lowered: a slow but healthy handshake gets rivals for nothing, and
 * as the fourth dial takes the place of the oldest, a handshake gets no more than three gaps.
 */
const MIN_OVERLAP_MS = 2_500;

export interface BackoffReport {
  type: 'dial.due';
}

/** The gap after `dials` dials without success, in milliseconds: evenly spread below a doubling ceiling. */
export function restMs(dials: number, random: Random): number {
  const ceiling = Math.min(MAX_GAP_MS, FIRST_CEILING_MS * 2 ** Math.min(dials, 16));
  return Math.max(MIN_GAP_MS, Math.floor(fraction(random) * ceiling));
}

/** The gap before another dial beside one that is under way, in milliseconds. */
export function overlapMs(random: Random): number {
  return Math.floor(MIN_OVERLAP_MS + fraction(random) * (MAX_GAP_MS - MIN_OVERLAP_MS));
}

export interface BackoffInput {
  random: Random;
  /** Dials already made in vain. */
  dials: number;
  /** `now`: the first dial is due at once. `rested`: after a gap. `beside`: another dial is under way. */
  pace: 'now' | 'rested' | 'beside';
}

/** Says `dial.due` to its parent again and again, each time after a new gap, until it is stopped. */
export const backoffMachine = setup({
  types: {
    context: {} as BackoffInput & { gapMs: number },
    input: {} as BackoffInput,
  },
  delays: { gap: ({ context }) => context.gapMs },
  actions: {
    drawGap: assign(({ context }) => {
      const { pace, random } = context;
      const dials = context.dials + 1;
      return { dials, gapMs: pace === 'beside' ? overlapMs(random) : restMs(dials, random) };
    }),
    reportDue: sendParent((): BackoffReport => ({ type: 'dial.due' })),
  },
}).createMachine({
  id: 'backoff',
  context: ({ input }) => ({ ...input, gapMs: firstGapMs(input) }),
  initial: 'resting',
  states: {
    resting: {
      after: { gap: { target: 'resting', reenter: true, actions: ['reportDue', 'drawGap'] } },
    },
  },
});

function firstGapMs({ pace, dials, random }: BackoffInput): number {
  switch (pace) {
    case 'now':
      return 0;
    case 'rested':
      return restMs(dials, random);
    case 'beside':
      return overlapMs(random);
  }
}
