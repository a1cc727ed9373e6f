// What the last minutes' requests tell: how many come, how many fail, and what failed last.

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { isFailure } from '../../../protocol/api/series.ts';
import { endOf } from './lastRequests.ts';

export interface Traffic {
  /** Over the last minute. */
  readonly perSecond: number;
  /** Over the last five minutes; what failed counts in both. */
  readonly count: number;
  readonly failed: number;
  readonly lastFailure: Failure | null;
  /** When the newest one arrived. */
  readonly lastAt: string | null;
}

export interface Failure {
  /** Of the table of errors; null when the service itself answered with an error. */
  readonly code: string | null;
  readonly statusCode: number | null;
  readonly mappingId: string;
  readonly at: string;
}

export interface TrafficTally {
  /** `left`: so many more that were not told. `nowMs`: when they were heard of. */
  add(items: readonly RequestLogEntry[], left: number, nowMs: number): void;
  read(nowMs: number): Traffic;
}

/** Raised: a service that was mended looks broken for longer. */
const WINDOW_SECONDS = 300;
const RATE_SECONDS = 60;

interface Second {
  count: number;
  failed: number;
}

/** `sinceMs`: from when on all requests are added; the rate is not thinned by a time that nobody counted. */
export function createTraffic(sinceMs: number): TrafficTally {
  const seconds = new Map<number, Second>();
  let newest: RequestLogEntry | null = null;
  let lastFailure: RequestLogEntry | null = null;

  function secondAt(atMs: number): Second {
    const at = Math.floor(atMs / 1000);
    const known = seconds.get(at);
    if (known !== undefined) return known;
    const fresh = { count: 0, failed: 0 };
    seconds.set(at, fresh);
    return fresh;
  }

  function countedSince(second: number): Second {
    const sum = { count: 0, failed: 0 };
    for (const [at, { count, failed }] of seconds) {
      if (at < second) continue;
      sum.count += count;
      sum.failed += failed;
    }
    return sum;
  }

  return {
    add(items, left, nowMs) {
      for (const item of items) {
        // A request counts when it has ended: that is when anybody knows of it.
        const second = secondAt(endOf(item));
        second.count += 1;
        if (isFailure(item)) second.failed += 1;
        if (newest === null || endOf(item) >= endOf(newest)) newest = item;
        if (isFailure(item) && (lastFailure === null || endOf(item) >= endOf(lastFailure)))
          lastFailure = item;
      }
      if (left > 0) secondAt(nowMs).count += left;
    },
    read(nowMs) {
      const now = Math.floor(nowMs / 1000);
      for (const at of seconds.keys()) if (at <= now - WINDOW_SECONDS) seconds.delete(at);
      const watchedSeconds = Math.min(RATE_SECONDS, Math.max(1, (nowMs - sinceMs) / 1000));
      const { count, failed } = countedSince(now - WINDOW_SECONDS);
      return {
        perSecond: countedSince(now - RATE_SECONDS + 1).count / watchedSeconds,
        count,
        failed,
        lastFailure: lastFailure === null ? null : failureOf(lastFailure),
        lastAt: newest?.timestamp ?? null,
      };
    },
  };
}

function failureOf({ errorCode, statusCode, portMappingId, timestamp }: RequestLogEntry): Failure {
  return { code: errorCode, statusCode, mappingId: portMappingId, at: timestamp };
}
