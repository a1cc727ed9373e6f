// Waiting for another process to let a SQLite file go. SQLite's own busy timeout would block the event loop instead.

import { setTimeout as delay } from 'node:timers/promises';

/** First and longest pause between attempts. Raised: a freed file stays unused for longer. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/** Primary result codes (sqlite.org/rescode.html): another connection, or our own, holds the lock. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/**
 * Attempts a synchronous SQLite call until it does not find the file locked, for `patienceMs` or until `signal` is
 * aborted. Throws what it threw.
 */
export async function whileBusy<Result>(
  patienceMs: number,
  attempt: () => Result,
  signal?: AbortSignal,
): Promise<Result> {
  const deadlineMs = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return attempt();
    } catch (error) {
      const isOver = signal?.aborted === true || performance.now() > deadlineMs;
      if (!isBusy(error) || isOver) throw error;
    }
    await delay(pauseMs);
  }
}

/** True when another connection holds the lock that was needed: trying again may help. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** SQLite's primary result code of an error thrown by node:sqlite; undefined for any other error. */
export function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined;
  return error.errcode & 0xff;
}
