// Owns the tests of what feeds the tally: the log of earlier processes, and what ends from now on, each request once.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createBus } from '../../../services/bus.ts';
import { createRequestTally } from '../../../services/agent/requestTally.ts';
import { createMemoryJournal } from '../../../services/agent/store/memoryJournal.ts';
import { createTallyFeed, ROWS_AT_ONCE, SEED_PAGE_ROWS } from '../../../services/agent/tallyFeed.ts';
import { createRowId } from '../../../services/agent/store/rowId.ts';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { request } from '../store/entries.ts';
import { noteLog } from './api/apiStage.ts';

const MINUTE_MS = 60_000;

/** An agent that starts at half past a minute, with a log that an earlier one has written. */
async function start(agesMs: readonly number[] = []) {
  const clock = new SimulatedClock();
  clock.runFor(30_000);
  const store = { isOpen: true };
  const journal = createMemoryJournal(store);
  const bus = createBus((error) => {
    throw error;
  });
  const { log, logged } = noteLog();
  const rowAt = (wallMs: number): RequestLogEntry =>
    request({ id: createRowId(wallMs), timestamp: new Date(wallMs).toISOString() });
  await journal.append({ requests: agesMs.map((ageMs) => rowAt(clock.wallMs() - ageMs)), connections: [] });
  const tally = createRequestTally(clock);
  const feed = createTallyFeed({ tally, journal, bus, clock, log });
  return {
    clock,
    store,
    journal,
    feed,
    tally,
    logged,
    counts: (minutes: number) => tally.series(minutes).map(({ count }) => count),
    end: async () => {
      const row = rowAt(clock.wallMs());
      bus.publish(() => ({ type: 'request.logged', row }));
      await journal.append({ requests: [row], connections: [] });
      return row;
    },
  };
}

test('the log of the last day is counted, and so is what ends from now on, each request once', async () => {
  const { feed, end, counts } = await start([1_000, 1_000, MINUTE_MS, 1_440 * MINUTE_MS]);
  await end();
  await feed.readLog();
  await end();
  expect(counts(2)).toEqual([1, 4]);
});

test('a long log is counted whole, page by page', async () => {
  const rows = SEED_PAGE_ROWS * 2 + 1;
  const { feed, counts } = await start(Array.from({ length: rows }, () => 1_000));
  await feed.readLog();
  expect(counts(1)).toEqual([rows]);
});

test('a page is counted in slices, between which others have their turn', async () => {
  const { feed, counts } = await start(Array.from({ length: SEED_PAGE_ROWS }, () => 1_000));
  const progress = { isRead: false };
  const reading = feed.readLog().then(() => (progress.isRead = true));
  const steps: number[] = [];
  for (let before = 0; !progress.isRead; before = counts(1)[0] ?? 0) {
    await nextTurn();
    steps.push((counts(1)[0] ?? 0) - before);
  }
  await reading;
  expect(Math.max(...steps)).toBeLessThanOrEqual(ROWS_AT_ONCE);
  expect(counts(1)).toEqual([SEED_PAGE_ROWS]);
});

test('a mapping that was asked for long ago is known to have been seen', async () => {
  const { feed, tally, clock } = await start([2 * 86_400_000]);
  await feed.readLog();
  expect(tally.activityOf(request().portMappingId)).toEqual({
    lastSeen: new Date(clock.wallMs() - 2 * 86_400_000).toISOString(),
    requestsLastHour: 0,
  });
});

test('a log that cannot be read is said once, and what ends from now on is counted', async () => {
  const { feed, store, tally, logged, journal } = await start([1_000]);
  store.isOpen = false;
  await feed.readLog();
  expect(logged.map(({ level, message }) => [level, message])).toEqual([
    ['warn', 'The charts lack what the request log holds.'],
  ]);
  store.isOpen = true;
  expect(await journal.readRequests({ limit: 10 })).toHaveLength(1);
  expect(tally.series(1)[0]?.count).toBe(0);
});

test('after the stop nothing is counted', async () => {
  const { feed, end, counts } = await start([1_000]);
  feed.stop();
  await end();
  await feed.readLog();
  expect(counts(1)).toEqual([0]);
});
