// Owns the tests of the tally of requests: by the minute, by the mapping, and within its bounds.

import { expect, test } from 'vitest';
import { MAX_MAPPINGS } from '../../../protocol/mapping.ts';
import {
  createRequestTally,
  MAX_MAPPING_MINUTES,
  type TalliedRequest,
} from '../../../services/agent/requestTally.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';

const A = '00000000-0000-4000-8000-00000000000a';
const B = '00000000-0000-4000-8000-00000000000b';
const MINUTE_MS = 60_000;

/** Half a minute into the running one. */
function start() {
  const clock = new SimulatedClock();
  clock.runFor(30_000);
  const tally = createRequestTally(clock);
  const nowMs = clock.wallMs();
  return {
    clock,
    tally,
    nowMs,
    add: (agoMs: number, change: Partial<TalliedRequest> = {}) => {
      const arrivedMs = clock.wallMs() - agoMs;
      tally.add({ mappingId: A, arrivedMs, durationMs: 10, isFailed: false, ...change });
    },
    counts: (minutes: number, mappingId?: string) =>
      tally.series(minutes, mappingId).map(({ count }) => count),
  };
}

test('requests are counted in the minute of their arrival, and minutes without any are there too', () => {
  const { tally, nowMs, add } = start();
  add(0);
  add(2 * MINUTE_MS, { durationMs: 100, isFailed: true });
  add(2 * MINUTE_MS, { durationMs: 100 });
  const startOf = (minutesAgo: number) => new Date(nowMs - 30_000 - minutesAgo * MINUTE_MS).toISOString();
  expect(tally.series(3)).toEqual([
    {
      start: startOf(2),
      count: 2,
      failed: 1,
      p50Ms: 93.9,
      p95Ms: 93.9,
    },
    { start: startOf(1), count: 0, failed: 0, p50Ms: null, p95Ms: null },
    { start: startOf(0), count: 1, failed: 0, p50Ms: 9.87, p95Ms: 9.87 },
  ]);
});

test('the slow ones show in the 95th percentile alone', () => {
  const { tally, add } = start();
  for (let number = 0; number < 9; number += 1) add(0, { durationMs: 10 });
  add(0, { durationMs: 1_000 });
  const [point] = tally.series(1);
  expect(point?.p50Ms).toBeLessThan(12);
  expect(point?.p95Ms).toBeGreaterThan(900);
});

test('a mapping has a series of its own', () => {
  const { add, counts } = start();
  add(0);
  add(0, { mappingId: B });
  add(MINUTE_MS, { mappingId: B });
  expect([counts(2), counts(2, A), counts(2, B)]).toEqual([
    [1, 2],
    [0, 1],
    [1, 1],
  ]);
});

test('after a day a minute is forgotten, and one that is older is not taken', () => {
  const { clock, add, counts } = start();
  add(0);
  clock.runFor(1_439 * MINUTE_MS);
  expect(counts(1_440)[0]).toBe(1);
  clock.runFor(MINUTE_MS);
  add(0);
  add(1_440 * MINUTE_MS);
  expect(counts(1_440).reduce((sum, count) => sum + count)).toBe(1);
});

test('the activity of a mapping is its newest request, and how many the last hour had', () => {
  const { clock, tally, nowMs, add } = start();
  add(59 * MINUTE_MS);
  add(0);
  add(30 * MINUTE_MS);
  add(61 * MINUTE_MS);
  add(0, { mappingId: B });
  const lastSeen = new Date(nowMs).toISOString();
  expect(tally.activityOf(A)).toEqual({ lastSeen, requestsLastHour: 3 });
  clock.runFor(40 * MINUTE_MS);
  expect(tally.activityOf(A)).toEqual({ lastSeen, requestsLastHour: 1 });
  clock.runFor(20 * MINUTE_MS);
  expect(tally.activityOf(A)).toEqual({ lastSeen, requestsLastHour: 0 });
});

test('a mapping that was never asked for has no activity, one that was seen long ago is remembered', () => {
  const { tally, nowMs } = start();
  expect(tally.activityOf(A)).toEqual({ lastSeen: null, requestsLastHour: 0 });
  tally.noteSeen(A, nowMs - 86_400_000_000);
  expect(tally.activityOf(A)).toEqual({
    lastSeen: new Date(nowMs - 86_400_000_000).toISOString(),
    requestsLastHour: 0,
  });
});

test('when there are too many mappings the oldest of their minutes goes, and the sum of all stays', () => {
  const { clock, add, counts } = start();
  add(0);
  clock.runFor(MINUTE_MS);
  for (let number = 1; number < MAX_MAPPING_MINUTES; number += 1) add(0, { mappingId: `${number}` });
  expect(counts(2, A)).toEqual([1, 0]);
  add(0, { mappingId: B });
  expect([counts(2, A), counts(2, B)]).toEqual([
    [0, 0],
    [0, 1],
  ]);
  expect(counts(2)).toEqual([1, MAX_MAPPING_MINUTES]);
});

test('what is older than all that fills the memory finds no room, and is counted in the sum', () => {
  const { add, counts } = start();
  for (let number = 0; number < MAX_MAPPING_MINUTES; number += 1) add(0, { mappingId: `${number}` });
  add(MINUTE_MS, { mappingId: B });
  expect([counts(2, B), counts(2)]).toEqual([
    [0, 0],
    [1, MAX_MAPPING_MINUTES],
  ]);
});

test('a minute that has made room takes no mapping any more: a part of what it was would look like all of it', () => {
  const { clock, add, counts } = start();
  for (let number = 1; number < 10; number += 1) add(0, { mappingId: `${number}` });
  add(0);
  clock.runFor(MINUTE_MS);
  for (let number = 10; number < MAX_MAPPING_MINUTES; number += 1) add(0, { mappingId: `${number}` });
  add(0, { mappingId: B });
  // In any order: those of the log come after newer ones.
  add(MINUTE_MS);
  expect([counts(2, A), counts(2, B), counts(2)]).toEqual([
    [0, 0],
    [0, 1],
    [11, MAX_MAPPING_MINUTES - 9],
  ]);
});

test('a page of a long log is counted without looking over the whole day for each of its rows', () => {
  const clock = new SimulatedClock();
  let looks = 0;
  const tally = createRequestTally({
    wallMs: () => {
      looks += 1;
      return clock.wallMs();
    },
  });
  const rows = 1_439;
  for (let ago = 0; ago < rows; ago += 1)
    tally.add({ mappingId: A, arrivedMs: clock.wallMs() - ago * MINUTE_MS, durationMs: 1, isFailed: false });
  expect(looks).toBeLessThan(5 * rows);
});

test('of too many mappings the one without a request for longest is forgotten, not the one known for longest', () => {
  const { clock, tally, add } = start();
  add(0);
  add(0, { mappingId: B });
  clock.runFor(1_000);
  add(0);
  // The log tells of what was long ago: that is no use.
  add(2_000, { mappingId: B });
  for (let number = 2; number < MAX_MAPPINGS; number += 1) add(0, { mappingId: `${number}` });
  add(0);
  add(0, { mappingId: 'one more' });
  expect(tally.activityOf(B).lastSeen).toBeNull();
  expect(tally.activityOf(A).lastSeen).not.toBeNull();
});
