// Requests of the last hour by minute: as they were loaded, and every one that was told since.

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { isFailure, type SeriesPoint } from '../../../protocol/api/series.ts';

export const MINUTE_MS = 60_000;
export const SHOWN_MINUTES = 60;

/** Durations kept of one minute: of more requests the latest ones. Raised: more memory, for tenths of milliseconds. */
const MAX_DURATIONS = 1_000;

export interface MinuteSeries {
  /** `left`: so many more that were not told; they count in the minute of `nowMs`. */
  add(items: readonly RequestLogEntry[], left: number, nowMs: number): void;
  /** An hour, the oldest minute first, the running one last; minutes without requests are there too. */
  read(nowMs: number): SeriesPoint[];
}

interface Minute {
  count: number;
  failed: number;
  /** Requests whose duration was told. */
  told: number;
  readonly durationsMs: number[];
  /** As it was when it was loaded. */
  readonly loaded: SeriesPoint | null;
}

export function createMinuteSeries(loaded: readonly SeriesPoint[]): MinuteSeries {
  const minutes = new Map<number, Minute>();
  for (const point of loaded)
    minutes.set(Date.parse(point.start), {
      count: point.count,
      failed: point.failed,
      told: 0,
      durationsMs: [],
      loaded: point,
    });

  function minuteAt(atMs: number): Minute {
    const start = startOf(atMs);
    const known = minutes.get(start);
    if (known !== undefined) return known;
    const fresh: Minute = { count: 0, failed: 0, told: 0, durationsMs: [], loaded: null };
    minutes.set(start, fresh);
    return fresh;
  }

  return {
    add(items, left, nowMs) {
      for (const item of items) {
        const minute = minuteAt(Date.parse(item.timestamp));
        minute.durationsMs[minute.told % MAX_DURATIONS] = item.durationMs;
        minute.told += 1;
        minute.count += 1;
        if (isFailure(item)) minute.failed += 1;
      }
      if (left > 0) minuteAt(nowMs).count += left;
    },
    read(nowMs) {
      const last = startOf(nowMs);
      const first = last - (SHOWN_MINUTES - 1) * MINUTE_MS;
      for (const start of minutes.keys()) if (start < first) minutes.delete(start);
      return Array.from({ length: SHOWN_MINUTES }, (_, index) => {
        const start = first + index * MINUTE_MS;
        return pointOf(start, minutes.get(start));
      });
    },
  };
}

function startOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}

function pointOf(startMs: number, minute: Minute | undefined): SeriesPoint {
  const start = new Date(startMs).toISOString();
  if (minute === undefined) return { start, count: 0, failed: 0, p50Ms: null, p95Ms: null };
  const { count, failed, loaded } = minute;
  const durations = minute.durationsMs.toSorted((one, other) => one - other);
  const isMostlyLoaded = loaded !== null && loaded.count >= minute.told;
  return {
    start,
    count,
    failed,
    p50Ms: isMostlyLoaded ? loaded.p50Ms : quantile(durations, 0.5),
    p95Ms: isMostlyLoaded ? loaded.p95Ms : quantile(durations, 0.95),
  };
}

/** The duration that this share of them did not exceed. */
function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
