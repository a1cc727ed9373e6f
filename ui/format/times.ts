// Times as people read them: how long ago or from now, and exactly.

import { sayAmount } from './amounts.ts';

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`, `in 8 s`. A clock that is off by a second is no future. */
export function sayRelative(atMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - atMs) / 1000);
  if (seconds < -1) return `in ${largestPart(-seconds)}`;
  return seconds < 2 ? 'just now' : `${largestPart(seconds)} ago`;
}

/** `2026-01-31 12:00:00.000`, in the reader's own time zone. */
export function sayExactly(atMs: number): string {
  return localIso(atMs).replace('T', ' ');
}

/** `2026-01-31`, by the reader's own day. */
export function sayDate(atMs: number): string {
  return localIso(atMs).slice(0, 10);
}

function localIso(atMs: number): string {
  const local = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000);
  return local.toISOString().replace('Z', '');
}

function largestPart(seconds: number): string {
  if (seconds < 60) return sayAmount(seconds, 's');
  if (seconds < 3600) return sayAmount(Math.floor(seconds / 60), 'min');
  if (seconds < 172_800) return sayAmount(Math.floor(seconds / 3600), 'h');
  return sayAmount(Math.floor(seconds / 86_400), 'd');
}
