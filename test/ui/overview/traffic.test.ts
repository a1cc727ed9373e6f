// Owns the tests of what the last requests tell: rates, failures and minutes.

import { describe, expect, test } from 'vitest';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import type { SeriesPoint } from '../../../protocol/api/series.ts';
import { endedRequest } from '../../support/hubTells.ts';
import { createMinuteSeries } from '../../../ui/pages/overview/minuteSeries.ts';
import { createTraffic } from '../../../ui/pages/overview/traffic.ts';

const START_MS = Date.UTC(2026, 0, 31, 12, 0, 0);

let lastId = 0;

/** One that arrived so many seconds after the start, and was answered at once. */
function request(seconds: number, more: Partial<RequestLogEntry> = {}): RequestLogEntry {
  lastId += 1;
  const timestamp = new Date(START_MS + seconds * 1000).toISOString();
  return endedRequest(lastId, { timestamp, durationMs: 0, ...more });
}

const refused = { outcome: 'failed', statusCode: 502, errorCode: 'origin_refused' } as const;

describe('the traffic', () => {
  test('is told by the second over the last minute, and counted over five', () => {
    const traffic = createTraffic(0);
    traffic.add([request(0), request(30), request(200)], 0, START_MS);
    const now = START_MS + 210_000;
    expect(traffic.read(now)).toMatchObject({ perSecond: 1 / 60, count: 3 });
    expect(traffic.read(now + 600_000)).toMatchObject({ perSecond: 0, count: 0 });
  });

  test('is not thinned by a time that nobody counted', () => {
    const traffic = createTraffic(START_MS);
    traffic.add([request(1), request(2)], 8, START_MS + 2000);
    expect(traffic.read(START_MS + 10_000).perSecond).toBe(1);
  });

  test('counts failures, and tells the newest of them', () => {
    const traffic = createTraffic(0);
    traffic.add(
      [request(1, refused), request(3, { statusCode: 503 }), request(2, refused), request(4)],
      0,
      START_MS,
    );
    const { count, failed, lastFailure, lastAt } = traffic.read(START_MS + 5000);
    expect([count, failed]).toEqual([4, 2 + 1]);
    expect(lastFailure).toMatchObject({ code: null, statusCode: 503 });
    expect(lastAt).toBe('2026-01-31T12:00:04.000Z');
  });

  test('a visitor who left is no failure', () => {
    const traffic = createTraffic(0);
    traffic.add([request(1, { outcome: 'left', statusCode: null, errorCode: 'cancelled' })], 0, START_MS);
    expect(traffic.read(START_MS + 5000)).toMatchObject({ count: 1, failed: 0, lastFailure: null });
  });

  test('before the first request there is nothing to tell', () => {
    expect(createTraffic(0).read(START_MS)).toEqual({
      perSecond: 0,
      count: 0,
      failed: 0,
      lastFailure: null,
      lastAt: null,
    });
  });
});

function point(minute: number, more: Partial<SeriesPoint> = {}): SeriesPoint {
  const start = new Date(START_MS + minute * 60_000).toISOString();
  return { start, count: 0, failed: 0, p50Ms: null, p95Ms: null, ...more };
}

describe('the minutes', () => {
  test('are an hour, the running one last, whatever was loaded', () => {
    const points = createMinuteSeries([point(0, { count: 4 })]).read(START_MS + 90_000);
    expect(points).toHaveLength(60);
    expect(points.at(-1)?.start).toBe('2026-01-31T12:01:00.000Z');
    expect(points.at(-2)).toEqual(point(0, { count: 4 }));
    expect(points[0]).toEqual(point(-58));
  });

  test('count what is told since in the minute it arrived in, failures and untold ones too', () => {
    const series = createMinuteSeries([point(0, { count: 4, failed: 1 })]);
    series.add([request(10), request(20, refused), request(70)], 5, START_MS + 61_000);
    const [before, now] = series.read(START_MS + 61_000).slice(-2);
    expect(before).toMatchObject({ count: 6, failed: 2 });
    expect(now).toMatchObject({ count: 6, failed: 0 });
  });

  test('take durations from whichever knows more of a minute', () => {
    const loaded = point(0, { count: 2, p50Ms: 100, p95Ms: 200 });
    const series = createMinuteSeries([loaded]);
    series.add([request(1, { durationMs: 10 })], 0, START_MS);
    expect(series.read(START_MS).at(-1)).toMatchObject({ p50Ms: 100, p95Ms: 200 });
    series.add([request(2, { durationMs: 30 }), request(3, { durationMs: 20 })], 0, START_MS);
    expect(series.read(START_MS).at(-1)).toMatchObject({ p50Ms: 20, p95Ms: 30 });
  });

  test('remember no more than the hour, and no more than some durations', () => {
    const series = createMinuteSeries([]);
    const many = Array.from({ length: 3000 }, (_, index) => request(1, { durationMs: index }));
    series.add(many, 0, START_MS);
    expect(series.read(START_MS).at(-1)).toMatchObject({ count: 3000, p50Ms: 2499, p95Ms: 2949 });
    expect(series.read(START_MS + 3_600_000).every(({ count }) => count === 0)).toBe(true);
    expect(series.read(START_MS).at(-1)?.count).toBe(0);
  });
});
