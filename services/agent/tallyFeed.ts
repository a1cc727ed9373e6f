// What feeds the tally of requests: the log that earlier processes wrote, and what ends from now on.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bus } from '../bus.ts';
import type { Log } from '../log.ts';
import { MAX_SERIES_MINUTES, isFailure } from '../../protocol/api/series.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Journal } from './store/journal.ts';
import type { RequestTally } from './requestTally.ts';
import { lowestRowId } from './store/rowId.ts';
import { StoreError } from './store/store.ts';

export interface TallyFeedOptions {
  readonly tally: RequestTally;
  readonly journal: Pick<Journal, 'readTimings' | 'readLastSeen'>;
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: Pick<Log, 'warn'>;
}

export interface TallyFeed {
  /** Counts what the log holds of the last day. The store is open. Resolves, too, when the log cannot be read. */
  readLog(): Promise<void>;
  stop(): void;
}

/** Rows read at once. Raised: edits wait behind them for longer. */
export const SEED_PAGE_ROWS = 2_000;

/** Rows counted between two turns. Raised: the loop that relays stands still for longer (about 1 ms at this size). */
export const ROWS_AT_ONCE = 200;

/** Rows read at all. Raised: a start reads for longer (about a second at this size). */
const MAX_SEED_ROWS = 100_000;

/** Counts what ends from now on. */
export function createTallyFeed({ tally, journal, bus, clock, log }: TallyFeedOptions): TallyFeed {
  // Whatever comes from now on is heard of: in the log it would be found a second time.
  const firstHeardId = lowestRowId(clock.wallMs());
  let isStopped = false;

  const leave = bus.on('request.logged', ({ row }) => {
    const { portMappingId: mappingId, timestamp, durationMs } = row;
    tally.add({ mappingId, arrivedMs: Date.parse(timestamp), durationMs, isFailed: isFailure(row) });
  });

  async function readTimings(): Promise<void> {
    const sinceMs = clock.wallMs() - MAX_SERIES_MINUTES * 60_000;
    let before = firstHeardId;
    for (let rows = 0; rows < MAX_SEED_ROWS && !isStopped; rows += SEED_PAGE_ROWS) {
      const page = await journal.readTimings({ before, sinceMs, limit: SEED_PAGE_ROWS });
      await inTurns(page, (timing) => tally.add(timing));
      const last = page.at(-1);
      if (last === undefined || page.length < SEED_PAGE_ROWS) return;
      before = last.id;
    }
  }

  return {
    async readLog() {
      try {
        await inTurns(await journal.readLastSeen(), ({ mappingId, arrivedMs }) =>
          tally.noteSeen(mappingId, arrivedMs),
        );
        await readTimings();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn({ code: error.code, reason: error.message }, 'The charts lack what the request log holds.');
      }
    },
    stop() {
      isStopped = true;
      leave();
    },
  };
}

async function inTurns<T>(items: readonly T[], take: (item: T) => void): Promise<void> {
  for (const [at, item] of items.entries()) {
    if (at > 0 && at % ROWS_AT_ONCE === 0) await nextTurn();
    take(item);
  }
}
