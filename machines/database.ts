// Whether the store can be used: opened at start, asked now and then, tried again with growing rests while it cannot.

import { assign, setup } from 'xstate';

/** The first rest. */
const FIRST_REST_MS = 250;

/** No rest above this. Raised: a database that is back is noticed later. */
const MAX_REST_MS = 5_000;

/** An open database is asked this often. Raised: one that went away while nobody edits is noticed later. */
export const PING_AFTER_MS = 10_000;

/** An answer to that takes no longer. Raised: a database that hangs looks well for longer. */
export const PING_TIMEOUT_MS = 5_000;

export type DatabaseResult = { ok: true } | { ok: false; reason: string };

/** What the machine has done; `report` is told, never from inside the call. */
type DatabaseEffect = (report: (result: DatabaseResult) => void) => void;

export interface DatabaseInput {
  /** Opens the store and reads it. */
  open: DatabaseEffect;
  /** One cheap read. */
  ping: DatabaseEffect;
  /** Proves that an edit would be taken, and reads everything anew: somebody may have changed it meanwhile. */
  recover: DatabaseEffect;
}

export type DatabaseEvent =
  | { type: 'database.answered' }
  /** What we asked, or what somebody else asked of it, failed. */
  | { type: 'database.failed'; reason: string }
  /** What came of a ping. Named apart: one that comes late must not be taken for the end of a recovery. */
  | { type: 'ping.answered' }
  | { type: 'ping.failed'; reason: string };

export const databaseMachine = setup({
  types: {
    context: {} as DatabaseInput & { failures: number; reason: string },
    input: {} as DatabaseInput,
    events: {} as DatabaseEvent,
  },
  delays: {
    rest: ({ context }) => Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (context.failures - 1)),
    pingAfter: PING_AFTER_MS,
    pingTimeout: PING_TIMEOUT_MS,
  },
  actions: {
    open: ({ context, self }) => {
      context.open((result) => self.send(eventOf(result)));
    },
    ping: ({ context, self }) => {
      context.ping((result) => self.send(pingEventOf(result)));
    },
    recover: ({ context, self }) => {
      context.recover((result) => self.send(eventOf(result)));
    },
    noteFailure: assign(({ context, event }) =>
      'reason' in event ? { failures: context.failures + 1, reason: event.reason } : {},
    ),
    noteSilence: assign(({ context }) => ({
      failures: context.failures + 1,
      reason: `It has not answered within ${PING_TIMEOUT_MS / 1000} s.`,
    })),
    forgetFailures: assign({ failures: 0, reason: '' }),
  },
}).createMachine({
  id: 'database',
  context: ({ input }) => ({ ...input, failures: 0, reason: '' }),
  initial: 'starting',
  states: {
    // It has never been reached: nobody knows the mappings yet.
    starting: {
      initial: 'opening',
      states: {
        opening: {
          entry: 'open',
          on: {
            'database.answered': '#database.open',
            'database.failed': { target: 'resting', actions: 'noteFailure' },
          },
        },
        resting: { after: { rest: 'opening' } },
      },
    },
    open: {
      entry: 'forgetFailures',
      on: { 'database.failed': { target: 'lost', actions: 'noteFailure' } },
      initial: 'quiet',
      states: {
        quiet: { after: { pingAfter: 'asked' } },
        asked: {
          entry: 'ping',
          after: { pingTimeout: { target: '#database.lost', actions: 'noteSilence' } },
          on: {
            'ping.answered': 'quiet',
            'ping.failed': { target: '#database.lost', actions: 'noteFailure' },
          },
        },
      },
    },
    // Reached before: what is known goes on being served.
    lost: {
      initial: 'resting',
      states: {
        resting: { after: { rest: 'recovering' } },
        recovering: {
          entry: 'recover',
          on: {
            'database.answered': '#database.open',
            'database.failed': { target: 'resting', actions: 'noteFailure' },
          },
        },
      },
    },
  },
});

function eventOf(result: DatabaseResult): DatabaseEvent {
  return result.ok ? { type: 'database.answered' } : { type: 'database.failed', reason: result.reason };
}

function pingEventOf(result: DatabaseResult): DatabaseEvent {
  return result.ok ? { type: 'ping.answered' } : { type: 'ping.failed', reason: result.reason };
}
