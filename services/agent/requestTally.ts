// Requests counted as they end: by the minute for charts, by the mapping for the list. What the log no longer holds, or
// could not be written into it, is counted all the same.

import type { Clock } from '../../machines/clock.ts';
import type { Activity } from '../../protocol/api/mappings.ts';
import { MAX_SERIES_MINUTES, type SeriesPoint } from '../../protocol/api/series.ts';
import { instantOf } from '../../protocol/api/values.ts';
import { MAX_MAPPINGS } from '../../protocol/mapping.ts';
import { HourCount } from './hourCount.ts';
import { Latencies } from './latencies.ts';

/** What a tally takes of one request. Times are UTC milliseconds since 1970. */
export interface TalliedRequest {
  readonly mappingId: string;
  readonly arrivedMs: number;
  readonly durationMs: number;
  readonly isFailed: boolean;
}

export interface RequestTally {
  /** In any order: those of the log come after newer ones. */
  add(request: TalliedRequest): void;
  /** A request of that time is known, and nothing else of it. */
  noteSeen(mappingId: string, arrivedMs: number): void;
  /** The last so many minutes, the running one among them, the oldest first. */
  series(minutes: number, mappingId?: string): SeriesPoint[];
  activityOf(mappingId: string): Activity;
}

const MINUTE_MS = 60_000;

/**
 * Minutes of single mappings that are remembered, those of all mappings together besides. When it is full, the oldest
 * minute goes. Raised: more memory, about half a kilobyte each.
 */
export const MAX_MAPPING_MINUTES = 20_000;

/** Mappings whose activity is remembered, deleted ones among them: the one without a request for longest goes. Raised: more memory, less than a kilobyte each. */
const MAX_ACTIVE = MAX_MAPPINGS;

interface Tally {
  count: number;
  failed: number;
  readonly latencies: Latencies;
}

interface Minute {
  readonly all: Tally;
  readonly byMapping: Map<string, Tally>;
}

interface Seen {
  lastMs: number;
  readonly lastHour: HourCount;
}

export function createRequestTally(clock: Pick<Clock, 'wallMs'>): RequestTally {
  /** By their number since 1970. */
  const minutes = new Map<number, Minute>();
  /** Those whose last request came long ago first. */
  const seen = new Map<string, Seen>();
  let mappingMinutes = 0;
  /** Up to this minute there is no room for another mapping: it has made room itself, or all that is kept is newer. */
  let fullUpTo = Number.NEGATIVE_INFINITY;
  let lookedOverAt = minuteOf(clock.wallMs());

  const minuteNow = () => minuteOf(clock.wallMs());

  function minuteAt(number: number): Minute {
    const known = minutes.get(number);
    if (known !== undefined) return known;
    forgetOld();
    const minute = { all: createTally(), byMapping: new Map<string, Tally>() };
    minutes.set(number, minute);
    return minute;
  }

  /** Once a minute: looking them all over for each minute of a long log would hold up what relays. */
  function forgetOld(): void {
    const now = minuteNow();
    if (now === lookedOverAt) return;
    lookedOverAt = now;
    for (const [number, { byMapping }] of minutes) {
      if (number > now - MAX_SERIES_MINUTES) continue;
      mappingMinutes -= byMapping.size;
      minutes.delete(number);
    }
  }

  /** Null when there is only room for what is newer. */
  function tallyOf(number: number, { byMapping }: Minute, mappingId: string): Tally | null {
    const known = byMapping.get(mappingId);
    if (known !== undefined) return known;
    if (number <= fullUpTo) return null;
    if (mappingMinutes >= MAX_MAPPING_MINUTES && !makeRoom(number)) return null;
    const tally = createTally();
    byMapping.set(mappingId, tally);
    mappingMinutes += 1;
    return tally;
  }

  /** Looks over every minute, and so but once for each: `fullUpTo` only rises. */
  function makeRoom(number: number): boolean {
    let oldest = number;
    for (const [each, { byMapping }] of minutes) if (byMapping.size > 0 && each < oldest) oldest = each;
    fullUpTo = oldest;
    if (oldest === number) return false;
    const { byMapping } = minuteAt(oldest);
    mappingMinutes -= byMapping.size;
    byMapping.clear();
    return true;
  }

  function seenOf(mappingId: string, arrivedMs: number): Seen {
    const known = seen.get(mappingId);
    if (known !== undefined) {
      if (arrivedMs <= known.lastMs) return known;
      known.lastMs = arrivedMs;
      seen.delete(mappingId);
      seen.set(mappingId, known);
      return known;
    }
    const [first] = seen.keys();
    if (seen.size >= MAX_ACTIVE && first !== undefined) seen.delete(first);
    const fresh = { lastMs: arrivedMs, lastHour: new HourCount(minuteOf(arrivedMs)) };
    seen.set(mappingId, fresh);
    return fresh;
  }

  return {
    add(request) {
      const { mappingId, arrivedMs } = request;
      const number = minuteOf(arrivedMs);
      seenOf(mappingId, arrivedMs).lastHour.add(number);
      if (number <= minuteNow() - MAX_SERIES_MINUTES) return;
      const minute = minuteAt(number);
      count(minute.all, request);
      const own = tallyOf(number, minute, mappingId);
      if (own !== null) count(own, request);
    },
    noteSeen(mappingId, arrivedMs) {
      seenOf(mappingId, arrivedMs);
    },
    series(length, mappingId) {
      const first = minuteNow() - length + 1;
      return Array.from({ length }, (_, index) => {
        const minute = minutes.get(first + index);
        const tally = mappingId === undefined ? minute?.all : minute?.byMapping.get(mappingId);
        return pointOf(first + index, tally);
      });
    },
    activityOf(mappingId) {
      const known = seen.get(mappingId);
      if (known === undefined) return { lastSeen: null, requestsLastHour: 0 };
      return { lastSeen: instantOf(known.lastMs), requestsLastHour: known.lastHour.sum(minuteNow()) };
    },
  };
}

function minuteOf(wallMs: number): number {
  return Math.floor(wallMs / MINUTE_MS);
}

function createTally(): Tally {
  return { count: 0, failed: 0, latencies: new Latencies() };
}

function count(tally: Tally, { durationMs, isFailed }: TalliedRequest): void {
  tally.count += 1;
  if (isFailed) tally.failed += 1;
  tally.latencies.add(durationMs);
}

function pointOf(minute: number, tally: Tally | undefined): SeriesPoint {
  return {
    start: instantOf(minute * MINUTE_MS),
    count: tally?.count ?? 0,
    failed: tally?.failed ?? 0,
    p50Ms: tally?.latencies.quantile(0.5) ?? null,
    p95Ms: tally?.latencies.quantile(0.95) ?? null,
  };
}
