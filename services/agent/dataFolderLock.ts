// One agent to a data folder: a second one would answer edits that the first never hears of.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Log } from '../log.ts';
import { ConfigError } from '../config/variables.ts';
import { createOwnerFile } from './store/sqliteFile.ts';
import { isBusy, whileBusy } from './store/whileBusy.ts';

export interface DataFolderLock {
  /** To be called once nothing is edited any more. The end of the process, however it comes, does the same. */
  release(): void;
}

/** An agent that is being restarted may still be on its way out. Raised: a person waits longer to hear of the other one. */
const PATIENCE_MS = 3_000;

/**
 * Holds `agent.lock`, an SQLite file, in an exclusive transaction: the one kind of lock that Node offers and that a
 * killed holder frees. Throws ConfigError when another agent holds it.
 */
export async function lockDataFolder(
  dataDir: string,
  log: Pick<Log, 'warn'>,
  patienceMs = PATIENCE_MS,
): Promise<DataFolderLock> {
  const path = join(dataDir, 'agent.lock');
  let lock: DatabaseSync | null = null;
  try {
    createOwnerFile(path);
    lock = new DatabaseSync(path, { timeout: 0 });
    const opened = lock;
    await whileBusy(patienceMs, () => opened.exec('BEGIN EXCLUSIVE'));
    return { release: () => opened.close() };
  } catch (error) {
    lock?.close();
    if (isBusy(error)) {
      throw new ConfigError(
        `OCTOPORTY_DATA_DIR is ${dataDir}, which another running agent uses: stop that one, or give this one a folder of its own.`,
        { cause: error },
      );
    }
    // A folder that cannot be written is no reason not to serve what it holds.
    log.warn({ error }, 'The data folder cannot be locked: see to it that no other agent uses it.');
    return { release: () => {} };
  }
}

/**
 * Carries out what nobody else may do meanwhile. Throws what keeps it from locking the folder, and ConfigError when an
 * agent runs there.
 */
export async function withDataFolder<Result>(
  dataDir: string,
  work: () => Promise<Result>,
  patienceMs = PATIENCE_MS,
): Promise<Result> {
  const refuse = (fields: object, message: string) => {
    throw 'error' in fields ? fields.error : new Error(message);
  };
  const lock = await lockDataFolder(dataDir, { warn: refuse }, patienceMs);
  try {
    return await work();
  } finally {
    lock.release();
  }
}
