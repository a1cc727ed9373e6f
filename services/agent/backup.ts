// Owns `octoporty backup`: one file that holds all of an agent but its secrets, taken while the agent runs or is stopped.

import { accessSync, closeSync, constants, fsyncSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { ConfigError } from '../config/variables.ts';
import { syncFolder } from '../wholeFile.ts';
import { VERSION } from '../version.ts';
import { readAgentId } from './agentId.ts';
import { writeNote } from './backupNote.ts';
import { kindOf } from './databaseFile.ts';
import { hindered, type Words } from './hindrance.ts';
import { mustNotBeBegun } from './restoreSwap.ts';
import { sqlitePathOf, type StorePlace } from './sqlitePlace.ts';
import { whileBusy } from './store/whileBusy.ts';
import { withUnfinished } from './unfinished.ts';

export interface MadeBackup {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

/** An agent that is just starting may be changing its tables. Raised: a person waits longer to hear of one that hangs. */
const PATIENCE_MS = 10_000;

/**
 * Writes what is committed now into a new file, for its owner only; edits go on meanwhile. Whole or not there. Throws
 * ConfigError, or why `stop` was aborted: then nothing is left, either.
 */
export async function backUp(place: StorePlace, file: string, stop?: AbortSignal): Promise<MadeBackup> {
  const source = sqlitePathOf(place);
  const path = resolve(file);
  mustNotBeBegun(place.dataDir);
  mustBeReadable(source);
  try {
    mustBeFree(path);
    accessSync(dirname(path), constants.W_OK);
    await withUnfinished(path, async (unfinished) => {
      await copyInto(source, unfinished, stop);
      // SQLite keeps the process to itself until the copy is made: only now it hears that it was asked to stop.
      await turn();
      stop?.throwIfAborted();
      note(unfinished, readAgentId(place.dataDir));
      sync(unfinished);
      mustBeFree(path);
      renameSync(unfinished, path);
    });
    await syncFolder(dirname(path));
    return { path, bytes: statSync(path).size };
  } catch (error) {
    stop?.throwIfAborted();
    throw hindered(error, `The backup ${path} cannot be written`, wordsFor(dirname(path), source));
  }
}

/** As of one moment, without the pages that are free. Readers of a WAL keep no writer waiting. */
export async function copyInto(source: string, empty: string, stop?: AbortSignal): Promise<void> {
  const database = new DatabaseSync(source, { timeout: 0 });
  try {
    await whileBusy(PATIENCE_MS, () => database.prepare('VACUUM INTO ?').run(empty), stop);
  } finally {
    database.close();
  }
}

export function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function mustBeReadable(source: string): void {
  try {
    accessSync(source, constants.R_OK);
  } catch (error) {
    const missing = `There is no ${source} to back up: name the agent's folder with --data-dir.`;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new ConfigError(missing, { cause: error });
    throw hindered(error, `${source} cannot be read`, {
      denied: 'this user may not; run it as the agent\'s user, or with "sudo"',
    });
  }
}

function mustBeFree(path: string): void {
  switch (kindOf(path)) {
    case 'nothing':
      return;
    case 'folder':
      throw new ConfigError(`${path} is a folder: name a file in it, such as ${join(path, 'agent.backup')}.`);
    case 'deadLink':
      throw new ConfigError(`${path} is a link that leads nowhere: name a new file for the backup.`);
    case 'file':
      throw new ConfigError(`${path} is there already: name a new file for the backup.`);
  }
}

function note(path: string, agentId: string | null): void {
  const copy = new DatabaseSync(path);
  try {
    writeNote(copy, { agentId, version: VERSION });
  } finally {
    copy.close();
  }
}

function wordsFor(folder: string, source: string): Words {
  return {
    missing: `there is no folder ${folder}; make it, or choose another one`,
    notFolder: `${folder} is no folder; choose another one`,
    denied: `this user may not write in ${folder}; choose another folder, or run it as a user who may`,
    readOnly: `the file system of ${folder} is read-only; choose another folder`,
    full: `there is no room left in ${folder}; make some, or choose another folder`,
    tooLong: 'its name is too long; choose a shorter one',
    closed: `SQLite has to write beside ${source}, and may not; run it as the agent's user, or with "sudo"`,
    busy: `another program keeps ${source} locked; try again when it is done`,
    damaged: `${source} is damaged; "octoporty doctor" says more`,
    noDatabase: `${source} is no database; "octoporty doctor" says more`,
  };
}
