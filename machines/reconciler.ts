// When Caddy is looked at and when it is written: until it serves what is desired, and again whenever it does not.

import { assign, setup } from 'xstate';

/** A settled Caddy is looked at this often. Raised: one that has restarted does not serve again within five seconds. */
export const POLL_MS = 3_000;

/** Changes that come together become one write. Raised: an edit is served later. */
export const GATHER_MS = 20;

/**
 * Between a write and the next: each makes Caddy start its servers anew, which costs visitors connections. Raised: the
 * second of two edits is served later; lowered: a stream of edits breaks more requests.
 */
export const WRITE_PAUSE_MS = 1_000;

/** After a failure, doubling. The longest stays below the poll, so that a Caddy that is back serves within it. */
export const FIRST_REST_MS = 250;
export const MAX_REST_MS = 2_000;

/** Writes in a row that came to nothing: Caddy did not show them, or others had written meanwhile. Raised: whoever else writes there is fought for longer. */
export const MAX_ROUNDS = 3;

export type LookResult =
  /** Caddy serves what is desired right now. */
  { type: 'look.right' } | { type: 'look.differs' } | { type: 'caddy.failed'; reason: string };

export type WriteResult =
  | { type: 'write.done' }
  /** Somebody else has written since the look (HTTP 412). */
  | { type: 'write.stale' }
  /** Caddy took none of it, and what it cannot take is set aside: the rest is to be written. */
  | { type: 'write.narrowed' }
  | { type: 'caddy.failed'; reason: string };

export interface ReconcilerInput {
  /** Reads what Caddy has and compares it with what is desired when the answer comes; tells, never from inside the call. */
  look: (report: (result: LookResult) => void) => void;
  /** Writes what is desired now over what the last look saw, in one request. */
  write: (report: (result: WriteResult) => void) => void;
}

export type ReconcilerEvent = { type: 'desired.changed' } | LookResult | WriteResult;

export const reconcilerMachine = setup({
  types: {
    context: {} as ReconcilerInput & { failures: number; rounds: number; reason: string },
    input: {} as ReconcilerInput,
    events: {} as ReconcilerEvent,
  },
  delays: {
    poll: POLL_MS,
    gather: GATHER_MS,
    pause: WRITE_PAUSE_MS,
    rest: ({ context }) => Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (context.failures - 1)),
  },
  guards: { isFought: ({ context }) => context.rounds >= MAX_ROUNDS },
  actions: {
    look: ({ context, self }) => {
      context.look((result) => self.send(result));
    },
    write: ({ context, self }) => {
      context.write((result) => self.send(result));
    },
    noteFailure: assign(({ context, event }) =>
      event.type === 'caddy.failed'
        ? { failures: context.failures + 1, rounds: 0, reason: event.reason }
        : {},
    ),
    noteFight: assign(({ context }) => ({
      failures: context.failures + 1,
      rounds: 0,
      reason: 'Somebody else keeps changing what Caddy has.',
    })),
    countRound: assign({ rounds: ({ context }) => context.rounds + 1 }),
    // What differs now may differ by our own wish: nobody fights us.
    forgetRounds: assign({ rounds: 0 }),
    forgetFailures: assign({ failures: 0, rounds: 0, reason: '' }),
  },
}).createMachine({
  id: 'reconciler',
  context: ({ input }) => ({ ...input, failures: 0, rounds: 0, reason: '' }),
  initial: 'looking',
  states: {
    looking: {
      entry: 'look',
      on: {
        'desired.changed': { actions: 'forgetRounds' },
        'look.right': { target: 'settled', actions: 'forgetFailures' },
        'look.differs': [
          { guard: 'isFought', target: 'resting', actions: 'noteFight' },
          { target: 'writing', actions: 'countRound' },
        ],
        'caddy.failed': { target: 'resting', actions: 'noteFailure' },
      },
    },
    writing: {
      entry: 'write',
      on: {
        'desired.changed': { actions: 'forgetRounds' },
        'write.done': 'verifying',
        'write.stale': 'looking',
        'write.narrowed': { target: 'looking', actions: 'forgetRounds' },
        'caddy.failed': { target: 'resting', actions: 'noteFailure' },
      },
    },
    // What was written is believed once it is seen.
    verifying: {
      entry: 'look',
      on: {
        'desired.changed': { actions: 'forgetRounds' },
        'look.right': { target: 'pausing', actions: 'forgetFailures' },
        'look.differs': [
          { guard: 'isFought', target: 'resting', actions: 'noteFight' },
          { target: 'pausing.due' },
        ],
        'caddy.failed': { target: 'resting', actions: 'noteFailure' },
      },
    },
    pausing: {
      initial: 'right',
      after: { pause: 'looking' },
      states: {
        right: { on: { 'desired.changed': 'due' } },
        due: { on: { 'desired.changed': { actions: 'forgetRounds' } } },
      },
    },
    settled: {
      after: { poll: 'looking' },
      on: { 'desired.changed': 'gathering' },
    },
    gathering: {
      after: { gather: 'looking' },
    },
    resting: {
      after: { rest: 'looking' },
    },
  },
});
