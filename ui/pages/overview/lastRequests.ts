// Requests from two sides, the log and the hub, put together: each once, the last one that ended first.

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';

/** A request, and when it ended. Their ids are in the order in which they arrived. */
export interface EndedRequest {
  readonly request: RequestLogEntry;
  readonly endMs: number;
}

/**
 * Those that are not among the known, of which `count` are kept: once there are as many, what ended before all of them
 * may have been known and forgotten.
 */
export function unknownOf(
  items: readonly RequestLogEntry[],
  known: readonly EndedRequest[],
  count: number,
): EndedRequest[] {
  const ids = new Set(known.map(({ request }) => request.id));
  const oldestMs = known.length < count ? Number.NEGATIVE_INFINITY : (known.at(-1)?.endMs ?? 0);
  return items
    .filter(({ id }) => !ids.has(id))
    .map((request) => ({ request, endMs: endOf(request) }))
    .filter(({ endMs }) => endMs > oldestMs);
}

/** The `count` that ended last. */
export function newestOf(items: readonly EndedRequest[], count: number): EndedRequest[] {
  return items.toSorted(byEnd).slice(0, count);
}

/** Milliseconds since 1970. */
export function endOf({ timestamp, durationMs }: RequestLogEntry): number {
  return Date.parse(timestamp) + durationMs;
}

function byEnd(one: EndedRequest, other: EndedRequest): number {
  if (one.endMs !== other.endMs) return other.endMs - one.endMs;
  return one.request.id < other.request.id ? 1 : -1;
}
