// Requests from two sides, the log and the hub, put together: each once, the newest first.

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';

/** Those that are not among the known. */
export function unknownOf(
  items: readonly RequestLogEntry[],
  known: readonly RequestLogEntry[],
): RequestLogEntry[] {
  const ids = new Set(known.map(({ id }) => id));
  return items.filter(({ id }) => !ids.has(id));
}

/** Ids rise as requests end: their order is the log's own. */
export function newestOf(items: readonly RequestLogEntry[], count: number): RequestLogEntry[] {
  return items.toSorted((one, other) => (one.id < other.id ? 1 : -1)).slice(0, count);
}
