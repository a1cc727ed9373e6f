// One agent to a data folder: a second one would answer edits that the first never hears of.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Log } from '../log.ts';
import { ConfigError } from '../config/variables.ts';
import { removeWhereabouts } from '../up/whereabouts.ts';
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
  const path = pathIn(dataDir);
  let lock: DatabaseSync | null = null;
  try {
    createOwnerFile(path);
    lock = new DatabaseSync(path, { timeout: 0 });
    const opened = lock;
    await whileBusy(patienceMs, () => opened.exec('BEGIN EXCLUSIVE'));
    // Of a holder that was killed. From here on, who finds the folder held may believe what is noted there.
    removeWhereabouts(dataDir);
    return { release: () => opened.close() };
  } catch (error) {
    lock?.close();
    if (isBusy(error)) {
      throw new ConfigError(
        `Another running agent uses the data folder ${dataDir}: stop that one, or give this one a folder of its own (OCTOPORTY_DATA_DIR or --data-dir).`,
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

/** Whether an agent runs on the folder. One that starts just now waits for the look to be over. */
export function isDataFolderHeld(dataDir: string): boolean {
  const path = pathIn(dataDir);
  if (!existsSync(path)) return false;
  const lock = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    lock.exec('SELECT 1 FROM sqlite_schema');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    lock.close();
  }
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'agent.lock');
}
