// Owns `octoporty backup`: one file that holds all of an agent but its secrets, taken while the agent runs or is stopped.

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../config/variables.ts';
import { syncFolder } from '../wholeFile.ts';
import { VERSION } from '../version.ts';
import { readAgentId } from './agentId.ts';
import { writeNote } from './backupNote.ts';
import { sqlitePathOf, type StorePlace } from './sqlitePlace.ts';
import { whileBusy } from './store/whileBusy.ts';

export interface MadeBackup {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

/** An agent that is just starting may be changing its tables. Raised: a person waits longer to hear of one that hangs. */
const PATIENCE_MS = 10_000;

/**
 * Writes what is committed now into a new file, for its owner only; edits go on meanwhile. Whole or not there. Throws
 * ConfigError.
 */
export async function backUp(place: StorePlace, file: string): Promise<MadeBackup> {
  const source = sqlitePathOf(place);
  const path = resolve(file);
  if (!existsSync(source))
    throw new ConfigError(`There is no ${source} to back up: name the agent's folder with --data-dir.`);
  if (existsSync(path)) throw new ConfigError(`${path} is there already: name a new file for the backup.`);
  const aside = `${path}.part`;
  try {
    // One that a crash left behind may be another user's to read: begun anew.
    rmSync(aside, { force: true });
    closeSync(openSync(aside, 'wx', 0o600));
    await copyInto(source, aside);
    note(aside, readAgentId(place.dataDir));
    sync(aside);
    renameSync(aside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    rmSync(aside, { force: true });
    throw sentenceOf(error, path);
  }
  return { path, bytes: statSync(path).size };
}

/** As of one moment, without the pages that are free. Readers of a WAL keep no writer waiting. */
export async function copyInto(source: string, empty: string): Promise<void> {
  const database = new DatabaseSync(source, { timeout: 0 });
  try {
    await whileBusy(PATIENCE_MS, () => database.prepare('VACUUM INTO ?').run(empty));
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

function note(path: string, agentId: string | null): void {
  const copy = new DatabaseSync(path);
  try {
    writeNote(copy, { agentId, version: VERSION });
  } finally {
    copy.close();
  }
}

/** What the disk or the database refuses, in one line. */
function sentenceOf(error: unknown, path: string): unknown {
  if (!(error instanceof Error && ('syscall' in error || 'errcode' in error))) return error;
  return new ConfigError(`The backup ${path} cannot be written (${error.message}).`, { cause: error });
}
