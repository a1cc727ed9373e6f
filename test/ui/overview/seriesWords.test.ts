// Owns the tests of the small charts' words, and of the minutes that no line leads to.

import { expect, test } from 'vitest';
import type { SeriesPoint } from '../../../protocol/api/series.ts';
import { lonely } from '../../../ui/pages/overview/lonely.ts';
import {
  sayClock,
  sayLatency,
  sayMinuteCount,
  sayMinuteLatency,
  sayRequests,
} from '../../../ui/pages/overview/seriesWords.ts';
import { unbroken } from '../support/unbroken.ts';

/** At 12:00 and so many minutes of the reader's own time zone. */
function point(minute: number, more: Partial<SeriesPoint> = {}): SeriesPoint {
  const start = new Date(2026, 0, 31, 12, minute).toISOString();
  return { start, count: 0, failed: 0, p50Ms: null, p95Ms: null, ...more };
}

test('an hour is told by its last minute with requests, in the words of the legend, and by its slowest', () => {
  const points = [
    point(3, { count: 4, p50Ms: 40, p95Ms: 1_200 }),
    point(4, { count: 30, failed: 2, p50Ms: 12, p95Ms: 80 }),
    point(5),
  ];
  expect(sayLatency(points)).toBe(
    unbroken('At 12:04 median 12 ms, 95th percentile 80 ms; 1.20 s in the slowest minute.'),
  );
  expect(sayRequests(points)).toBe(
    unbroken('34 requests in the last hour, 30 in the busiest minute; 5.9 % failed.'),
  );
});

test('a minute is told by its time', () => {
  const busy = point(4, { count: 30, failed: 2, p50Ms: 12, p95Ms: 80 });
  expect(sayMinuteLatency(busy)).toBe(unbroken('12:04: median 12 ms, 95th percentile 80 ms'));
  expect(sayMinuteCount(busy)).toBe('12:04: 30 requests, 2 failed');
  expect(sayMinuteLatency(point(5))).toBe('12:05: no request');
});

test('a lonely request is told as one, and thousands are grouped', () => {
  expect(sayRequests([point(0, { count: 1 })])).toBe(
    '1 request in the last hour, 1 in the busiest minute; none failed.',
  );
  expect(sayRequests([point(0, { count: 1200, failed: 12 }), point(1, { count: 4 })])).toBe(
    unbroken('1,204 requests in the last hour, 1,200 in the busiest minute; 1.0 % failed.'),
  );
});

test('an hour without requests says so', () => {
  expect(sayRequests([point(1)])).toBe('No request in the last hour.');
  expect(sayLatency([point(1)])).toBe('Nothing was measured.');
});

test('midnight is a time like any other', () => {
  expect(sayClock(new Date(2026, 10, 22).getTime() / 1000)).toBe('00:00');
});

test.each([
  [[5], [0]],
  [[null, 5, null, null, 6, 7], [1]],
  [
    [0, null, 3],
    [0, 2],
  ],
  [[1, 2, 3], []],
  [[null, undefined], []],
  [[], []],
])('of %j no line leads to those at %j', (values, places) => {
  expect(lonely(values)).toEqual(places);
});
