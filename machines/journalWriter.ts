// When rows of the logs are written and old ones pruned: in batches, one thing at a time, tried again while it fails.

import { and, assign, or, setup } from 'xstate';

/** The first row of a batch waits this long for others. Raised: a request is seen in the log later. */
export const GATHER_MS = 1_000;

/** Without rows the logs are pruned this often: they grow old by themselves. Raised: rows outlive their age by more. */
export const PRUNE_AFTER_MS = 600_000;

/** The first rest after a failure. */
const FIRST_REST_MS = 1_000;

/** No rest above this. Raised: more rows are dropped before a journal that is back is noticed. */
const MAX_REST_MS = 15_000;

/** At the end, what is under way and what is left each get no more. Raised: a journal that hangs holds up the stop. */
export const PARTING_MS = 2_000;

/** What an effect has come to; told by `report`, never from inside the call. */
type JournalEffect<Result> = (report: (result: Result) => void) => void;

export interface JournalWriterInput {
  /** Puts the logs in order that an earlier process has left. */
  begin: JournalEffect<{ ok: boolean }>;
  /** Writes the oldest rows that wait: a batch, or fewer. */
  write: JournalEffect<{ ok: boolean }>;
  /** Takes a bounded number of old rows out. */
  prune: JournalEffect<{ ok: boolean; hasMore: boolean }>;
  hasRows: () => boolean;
  /** As many wait as one batch takes. */
  hasBatch: () => boolean;
}

export type JournalWriterEvent =
  /** The store is open. */
  | { type: 'begin' }
  /** A row waits, the first one. */
  | { type: 'rows.came' }
  /** As many wait as one batch takes. */
  | { type: 'rows.full' }
  | { type: 'effect.succeeded'; hasMore: boolean }
  | { type: 'effect.failed' }
  /** Writes what waits and ends; what fails then is not tried again. */
  | { type: 'stop' };

export const journalWriterMachine = setup({
  types: {
    context: {} as JournalWriterInput & { failures: number },
    input: {} as JournalWriterInput,
    events: {} as JournalWriterEvent,
  },
  delays: {
    gather: GATHER_MS,
    pruneAfter: PRUNE_AFTER_MS,
    rest: ({ context }) => Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (context.failures - 1)),
    parting: PARTING_MS,
  },
  guards: {
    hasRows: ({ context }) => context.hasRows(),
    hasBatch: ({ context }) => context.hasBatch(),
    hasMore: ({ event }) => event.type === 'effect.succeeded' && event.hasMore,
  },
  actions: {
    begin: ({ context, self }) => {
      context.begin(({ ok }) => self.send(eventOf(ok)));
    },
    write: ({ context, self }) => {
      context.write(({ ok }) => self.send(eventOf(ok)));
    },
    prune: ({ context, self }) => {
      context.prune(({ ok, hasMore }) => self.send(eventOf(ok, hasMore)));
    },
    noteFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
  },
}).createMachine({
  id: 'journalWriter',
  context: ({ input }) => ({ ...input, failures: 0 }),
  initial: 'closed',
  states: {
    // Rows gather and wait for the store.
    closed: { on: { begin: 'beginning', stop: 'stopped' } },
    beginning: {
      initial: 'asking',
      states: {
        asking: {
          entry: 'begin',
          on: {
            'effect.succeeded': { target: '#journalWriter.pruning', actions: 'forgetFailures' },
            'effect.failed': { target: 'resting', actions: 'noteFailure' },
          },
        },
        resting: { after: { rest: 'asking' } },
      },
      // What an earlier process has left comes first, so nothing can be written any more.
      on: { stop: 'stopped' },
    },
    idle: {
      entry: 'forgetFailures',
      after: { pruneAfter: 'pruning' },
      on: { 'rows.came': 'gathering', stop: 'stopped' },
    },
    gathering: {
      after: { gather: 'writing' },
      on: { 'rows.full': 'writing', stop: 'parting' },
    },
    writing: {
      entry: 'write',
      on: {
        'effect.succeeded': { target: 'pruning', actions: 'forgetFailures' },
        'effect.failed': { target: 'resting', actions: 'noteFailure' },
        stop: 'ending',
      },
    },
    pruning: {
      entry: 'prune',
      on: {
        'effect.succeeded': [
          // Writing comes first: a long way to go must not keep rows waiting.
          { guard: or(['hasBatch', and(['hasRows', 'hasMore'])]), target: 'writing' },
          { guard: 'hasMore', target: 'pruning', reenter: true },
          // They came while others were written or pruned.
          { guard: 'hasRows', target: 'gathering' },
          { target: 'idle' },
        ],
        'effect.failed': { target: 'resting', actions: 'noteFailure' },
        stop: 'ending',
      },
    },
    resting: {
      after: { rest: [{ guard: 'hasRows', target: 'writing' }, { target: 'pruning' }] },
      on: { stop: [{ guard: 'hasRows', target: 'parting' }, { target: 'stopped' }] },
    },
    // Stopped while something was under way: never two at once.
    ending: {
      after: { parting: 'stopped' },
      on: {
        'effect.succeeded': [{ guard: 'hasRows', target: 'parting' }, { target: 'stopped' }],
        'effect.failed': 'stopped',
      },
    },
    parting: {
      after: { parting: 'stopped' },
      on: { 'effect.failed': 'stopped' },
      initial: 'writing',
      states: {
        writing: {
          entry: 'write',
          on: {
            'effect.succeeded': [
              { guard: 'hasRows', target: 'writing', reenter: true },
              { target: '#journalWriter.stopped' },
            ],
          },
        },
      },
    },
    stopped: { type: 'final' },
  },
});

function eventOf(ok: boolean, hasMore = false): JournalWriterEvent {
  return ok ? { type: 'effect.succeeded', hasMore } : { type: 'effect.failed' };
}
