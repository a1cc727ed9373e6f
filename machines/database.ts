// Whether the store can be used: opened at start, tried again with growing rests while it cannot.

import { assign, setup } from 'xstate';

/** The first rest. */
const FIRST_REST_MS = 250;

/** No rest above this. Raised: a database that is back is noticed later. */
const MAX_REST_MS = 5_000;

export interface DatabaseInput {
  /** Opens the store and reads it; `report` is told, never from inside the call. */
  open: (report: (result: { ok: true } | { ok: false; reason: string }) => void) => void;
}

export const databaseMachine = setup({
  types: {
    context: {} as DatabaseInput & { failures: number; reason: string },
    input: {} as DatabaseInput,
    events: {} as { type: 'database.opened' } | { type: 'database.failed'; reason: string },
  },
  delays: { rest: ({ context }) => Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (context.failures - 1)) },
  actions: {
    open: ({ context, self }) => {
      context.open((result) => {
        self.send(
          result.ok ? { type: 'database.opened' } : { type: 'database.failed', reason: result.reason },
        );
      });
    },
    noteFailure: assign(({ context, event }) =>
      event.type === 'database.failed' ? { failures: context.failures + 1, reason: event.reason } : {},
    ),
  },
}).createMachine({
  id: 'database',
  context: ({ input }) => ({ ...input, failures: 0, reason: '' }),
  initial: 'opening',
  states: {
    opening: {
      entry: 'open',
      on: {
        'database.opened': 'open',
        'database.failed': { target: 'resting', actions: 'noteFailure' },
      },
    },
    resting: {
      after: { rest: 'opening' },
    },
    open: {},
  },
});
