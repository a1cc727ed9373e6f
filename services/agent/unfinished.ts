// Owns the file in which a backup is made until it is whole: beside the name that it gets, and never left there.

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../config/variables.ts';
import { removeDatabase } from './databaseFile.ts';
import { createOwnerFile } from './store/sqliteFile.ts';
import { isBusy } from './store/whileBusy.ts';

/**
 * Has a new file filled, which is for its owner only, and removes what is left of it. Throws ConfigError while somebody else
 * does the same for this name, the system's error, or what `fill` throws.
 */
export async function withUnfinished(
  path: string,
  fill: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${path}.unfinished`;
  const lockPath = `${unfinished}.lock`;
  const lock = lockNow(lockPath, path);
  try {
    // Of one that was killed: it would hold the lock.
    removeDatabase(unfinished);
    closeSync(openSync(unfinished, 'wx', 0o600));
    await fill(unfinished);
  } finally {
    removeDatabase(unfinished);
    // While it is held. Whoever has opened it by now is refused by SQLite, which looks whether a file still has its name.
    removeDatabase(lockPath);
    lock.close();
  }
}

function lockNow(lockPath: string, path: string): DatabaseSync {
  createOwnerFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new ConfigError(`${path} is being made by another backup just now: wait for that one.`, {
      cause: error,
    });
  }
}
