// The list of requests as it grows: what is shown, what waits to be, and what has passed unseen. Bounded.

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';

/** What is kept of each kind. Raised: a busy page takes more memory, and each new row costs more. */
export const MAX_ROWS = 5_000;

/** All lists are in the order of ids, which is that of arrivals: the newest first. */
export interface RequestFeed {
  /** False until the log has been read. */
  readonly isLoaded: boolean;
  readonly shown: readonly RequestLogEntry[];
  /** Newer than most of what is shown; to be shown once nobody's eye or pointer is on the list. */
  readonly waiting: readonly RequestLogEntry[];
  /** The log has more behind the last one shown. */
  readonly hasOlder: boolean;
  /** The newest one known when the live ones ceased to come, empty when there was none; null while they come, or are caught up with. */
  readonly lostAfter: string | null;
  /** What is shown does not border on what waits: it goes when that is shown. */
  readonly isTorn: boolean;
  /** Live ones that were too many to be told. */
  readonly untold: number;
}

export const EMPTY_FEED: RequestFeed = {
  isLoaded: false,
  shown: [],
  waiting: [],
  hasOlder: false,
  lostAfter: null,
  isTorn: false,
  untold: 0,
};

/** The live ones have ceased to come. */
export function withLoss(feed: RequestFeed): RequestFeed {
  const [newest = feed.shown[0]] = feed.waiting;
  // Every id is greater than the empty one: whatever the log does not tell of after it has been missed.
  return { ...feed, lostAfter: feed.lostAfter ?? newest?.id ?? '' };
}

/** Live ones, in any order: they wait. */
export function withLive(
  feed: RequestFeed,
  items: readonly RequestLogEntry[],
  untold: number,
  maxRows = MAX_ROWS,
): RequestFeed {
  const waiting = mergeRows(feed.waiting, items).slice(0, maxRows);
  return { ...feed, waiting, untold: feed.untold + untold };
}

/** The newest of the log: they wait like live ones. `isWhole`: the log has no more than these. */
export function withNewest(
  feed: RequestFeed,
  items: readonly RequestLogEntry[],
  isWhole: boolean,
  maxRows = MAX_ROWS,
): RequestFeed {
  if (!feed.isLoaded) {
    // Where the live ones have ceased before, what is missed begins behind this page.
    const lostAfter = feed.lostAfter === null ? null : (items[0]?.id ?? '');
    const fresh = { ...feed, isLoaded: true, shown: items, hasOlder: !isWhole, lostAfter };
    return withWaitingShown(fresh, maxRows);
  }
  const { lostAfter } = feed;
  const oldest = items.at(-1);
  const isTorn = !isWhole && lostAfter !== null && oldest !== undefined && oldest.id > lostAfter;
  const isKnown = new Set(feed.shown.map(({ id }) => id));
  const news = items.filter(({ id }) => !isKnown.has(id));
  const caughtUp = { ...feed, lostAfter: null };
  if (!isTorn) return withLive(caughtUp, news, 0, maxRows);
  const waiting = feed.waiting.filter(({ id }) => id > oldest.id);
  return withLive({ ...caughtUp, waiting, isTorn }, news, 0, maxRows);
}

/** A page of those behind the last one shown. */
export function withOlder(
  feed: RequestFeed,
  items: readonly RequestLogEntry[],
  isWhole: boolean,
  maxRows = MAX_ROWS,
): RequestFeed {
  const shown = mergeRows(feed.shown, items);
  return { ...feed, shown: shown.slice(0, maxRows), hasOlder: !isWhole || shown.length > maxRows };
}

/** Nothing waits any more. */
export function withWaitingShown(feed: RequestFeed, maxRows = MAX_ROWS): RequestFeed {
  if (feed.waiting.length === 0) return feed;
  const before = feed.isTorn ? [] : feed.shown;
  const oldest = before.at(-1);
  // One that arrived before the last one shown has its place behind it, on a page that is not loaded yet.
  const fitting =
    feed.hasOlder && oldest !== undefined ? feed.waiting.filter(({ id }) => id > oldest.id) : feed.waiting;
  const shown = mergeRows(before, fitting);
  return {
    ...feed,
    shown: shown.slice(0, maxRows),
    waiting: [],
    hasOlder: feed.hasOlder || feed.isTorn || shown.length > maxRows,
    isTorn: false,
  };
}

/** Whether the list is as long as it may be: what is older is found by a narrower filter. */
export function isFull(feed: RequestFeed, maxRows = MAX_ROWS): boolean {
  return feed.shown.length >= maxRows;
}

/** `rows` in order, and `more` in any; each id once. The usual case, all newer, is a copy. */
function mergeRows(
  rows: readonly RequestLogEntry[],
  more: readonly RequestLogEntry[],
): readonly RequestLogEntry[] {
  if (more.length === 0) return rows;
  const sorted = [...new Map(more.map((row) => [row.id, row])).values()].sort((one, other) =>
    one.id < other.id ? 1 : -1,
  );
  const merged: RequestLogEntry[] = [];
  let at = 0;
  for (const row of sorted) {
    for (let next = rows[at]; next !== undefined && next.id > row.id; next = rows[at]) {
      merged.push(next);
      at += 1;
    }
    if (rows[at]?.id !== row.id) merged.push(row);
  }
  return [...merged, ...rows.slice(at)];
}
