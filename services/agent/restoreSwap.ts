// Owns the change of names that ends a restore: what was there gets another name, what is restored gets theirs. It is
// written down before it begins, so that whoever comes after a crash, an agent's start or the next restore, ends it.

import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../config/variables.ts';
import { textIfThere } from '../textIfThere.ts';
import { syncFolder } from '../wholeFile.ts';
import { AGENT_ID_FILE } from './agentId.ts';
import { DATABASE_PARTS, isThere, removeDatabase } from './databaseFile.ts';
import { giveToOwner } from './folderOwner.ts';
import { hindered } from './hindrance.ts';
import { HalfDoneError, Renames } from './renames.ts';
import { sqlitePathOf, type StorePlace } from './sqlitePlace.ts';

/** In the data folder. Holds what the names of before end with, once everything that takes their place is on the disk. */
export const BEGUN_FILE = 'restore-begun';

/** Behind a name, of what waits to take it. */
const WAITING = '.restoring';

/** Nothing but this is put behind a name, whoever wrote the file. */
const endingSchema = z.string().regex(/^\.before-\d{8}T\d{6}(-\d+)?$/);

/** A name, and what waits to take it. */
export interface Swap {
  readonly path: string;
  readonly by: string;
}

export interface Swaps {
  readonly database: Swap;
  readonly id: Swap;
}

export function swapsOf(place: StorePlace): Swaps {
  const database = sqlitePathOf(place);
  const id = join(place.dataDir, AGENT_ID_FILE);
  return {
    database: { path: database, by: database + WAITING },
    id: { path: id, by: id + WAITING },
  };
}

/** What waits for a swap that has not begun, a crash's too. For who holds the folder's lock. Throws the system's error. */
export function removeWaiting(place: StorePlace): void {
  const { database, id } = swapsOf(place);
  removeDatabase(database.by);
  for (const path of [id.by, readyFile(place.dataDir)]) rmSync(path, { force: true });
}

/**
 * Puts in what waits, the database at least, all of it or nothing. Answers where the database of before is now; null:
 * there was none. For who holds the folder's lock. Throws the system's error, or ConfigError.
 */
export async function swap(place: StorePlace, nowMs: number): Promise<string | null> {
  try {
    await begin(place, nowMs);
    return await endSwap(place);
  } catch (error) {
    if (!(error instanceof HalfDoneError)) rmSync(begunFile(place.dataDir), { force: true });
    throw error;
  }
}

/**
 * Ends a swap that was broken off; without one it does nothing. Answers as `swap`. For who holds the folder's lock. After
 * an error the names are those that it found.
 */
export async function endSwap(place: StorePlace): Promise<string | null> {
  const begun = begunFile(place.dataDir);
  const text = textIfThere(begun)?.trim();
  if (text === undefined) return null;
  const ending = endingSchema.safeParse(text);
  if (!ending.success)
    throw new ConfigError(`${begun} is damaged: delete it, and restore the backup once more.`);
  const renames = new Renames();
  const { database, id } = swapsOf(place);
  try {
    // The database first: what SQLite keeps beside it would be nobody's without it.
    for (const { path, by } of [database, id]) if (isThere(by)) replace(path, by, ending.data, renames);
    for (const { path } of [database, id]) await syncFolder(dirname(path));
  } catch (error) {
    renames.undo();
    throw error;
  }
  rmSync(begun);
  await syncFolder(place.dataDir);
  const before = database.path + ending.data;
  return isThere(before) ? before : null;
}

/** For an agent that starts, and holds the folder's lock: true when a swap had been broken off. Throws ConfigError. */
export async function endBegunRestore(place: StorePlace): Promise<boolean> {
  const { dataDir } = place;
  if (!isBegun(dataDir)) return false;
  try {
    await endSwap(place);
    return true;
  } catch (error) {
    throw hindered(error, `A restore into ${dataDir} was broken off and cannot be ended`, {
      denied: 'this user may not write there; give the folder to the user who runs this',
      readOnly: 'its file system is read-only; make it writable',
      full: 'there is no room left; make some',
    });
  }
}

/** Between two names a folder may look empty. Throws ConfigError. */
export function mustNotBeBegun(dataDir: string): void {
  if (!isBegun(dataDir)) return;
  throw new ConfigError(
    `A restore into ${dataDir} was broken off: start its agent, which ends it, then back it up.`,
  );
}

/** A folder that nobody may look into is told of by who needs it. */
export function isBegun(dataDir: string): boolean {
  return existsSync(begunFile(dataDir));
}

function begunFile(dataDir: string): string {
  return join(dataDir, BEGUN_FILE);
}

function readyFile(dataDir: string): string {
  return `${begunFile(dataDir)}.ready`;
}

/** What waits must be on the disk: from here on there are only names. */
async function begin(place: StorePlace, nowMs: number): Promise<void> {
  const ready = readyFile(place.dataDir);
  const { database, id } = swapsOf(place);
  for (const { by } of [database, id]) await syncFolder(dirname(by));
  writeFileSync(ready, `${freeEnding(place, nowMs)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  giveToOwner(ready);
  renameSync(ready, begunFile(place.dataDir));
  await syncFolder(place.dataDir);
}

function replace(path: string, by: string, ending: string, renames: Renames): void {
  for (const part of DATABASE_PARTS)
    if (isThere(path + part)) renames.make(path + part, path + ending + part);
  renames.make(by, path);
}

/** `.before-20261123T031500`, UTC: with a number behind it when anything has that name already. */
function freeEnding(place: StorePlace, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const taken = (ending: string) =>
    Object.values(swapsOf(place)).some(({ path }: Swap) =>
      DATABASE_PARTS.some((part) => isThere(path + ending + part)),
    );
  let ending = `.before-${stamp}`;
  for (let number = 2; taken(ending); number += 1) ending = `.before-${stamp}-${number}`;
  return ending;
}
