// The files of a SQLite store: made for their owner only, and locked while one process migrates.

import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createOwnerFolder } from '../../ownerFolder.ts';
import { whileBusy } from './whileBusy.ts';

/** How long to wait while another process migrates. Raised: a start takes longer to say that one hangs. */
const LOCK_PATIENCE_MS = 60_000;

/** Creates the file empty, readable by its owner only, unless it is there; SQLite gives its WAL the same mode. */
export function createOwnerFile(path: string): void {
  createOwnerFolder(dirname(path));
  try {
    // Exclusive: opening and closing an existing file would drop the locks this process has on it (POSIX).
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/**
 * Does the work while holding `<path>.lock`, a database beside the store, in an EXCLUSIVE transaction. A killed holder
 * frees it. It is not the store itself, because migrations open transactions of their own there. An aborted `signal`
 * ends the wait for the lock, not the work.
 */
export async function underLock<Result>(
  path: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const lockPath = `${path}.lock`;
  createOwnerFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    await whileBusy(LOCK_PATIENCE_MS, () => lock.exec('BEGIN EXCLUSIVE'), signal);
    return await work();
  } finally {
    lock.close();
  }
}
