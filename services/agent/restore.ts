// Owns `octoporty restore`: puts a backup into a data folder. What was there stays beside it, under another name.

import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ConfigError } from '../config/variables.ts';
import { createOwnerFolder } from '../ownerFolder.ts';
import { readAgentId } from './agentId.ts';
import { copyInto, sync } from './backup.ts';
import { dropNote, hasTable, readNote } from './backupNote.ts';
import { kindOf } from './databaseFile.ts';
import { withDataFolder } from './dataFolderLock.ts';
import { giveToOwner } from './folderOwner.ts';
import { hindered, type Words } from './hindrance.ts';
import { endSwap, isBegun, removeWaiting, swap, swapsOf } from './restoreSwap.ts';
import type { StorePlace } from './sqlitePlace.ts';
import { MIGRATIONS } from './store/migrate.ts';
import { createOwnerFile } from './store/sqliteFile.ts';

export interface Restored {
  /** Absolute: the database of the agent. */
  readonly path: string;
  readonly mappings: number;
  /** Where the database of before is now; null: there was none. */
  readonly before: string | null;
}

/**
 * The agent of the folder must be stopped. Nothing is touched unless the backup is whole; killed at any time, the folder has
 * what was before or what is restored once the next agent starts. Throws ConfigError.
 */
export async function restore(place: StorePlace, file: string, nowMs: number): Promise<Restored> {
  const { database } = swapsOf(place);
  const backup = resolve(file);
  mustBeBackup(backup);
  try {
    createOwnerFolder(place.dataDir);
    // Whoever restores has stopped the agent before.
    return await withDataFolder(place.dataDir, () => restoreAlone(place, backup, nowMs), 0);
  } catch (error) {
    throw hindered(error, `${backup} cannot be restored`, wordsFor(dirname(database.path)));
  }
}

/** Under the folder's lock. */
async function restoreAlone(place: StorePlace, backup: string, nowMs: number): Promise<Restored> {
  const { dataDir } = place;
  const { database, id } = swapsOf(place);
  giveToOwner(join(dataDir, 'agent.lock'));
  // One that was broken off has put something aside, which has to stay known by its name.
  await endSwap(place);
  try {
    removeWaiting(place);
    createOwnerFile(database.by);
    await copyInto(backup, database.by);
    const { agentId, mappings } = examine(database.by, backup);
    giveToOwner(database.by);
    sync(database.by);
    // The gateway knows the agent by its id: the restored one is the one of before.
    if (agentId !== null && readAgentId(dataDir) !== agentId) {
      writeFileSync(id.by, `${agentId}\n`, { mode: 0o600, flag: 'wx', flush: true });
      giveToOwner(id.by);
    }
    return { path: database.path, mappings, before: await swap(place, nowMs) };
  } finally {
    // What waits for a swap that has begun is needed to end it.
    if (!isBegun(dataDir)) removeWaiting(place);
  }
}

function mustBeBackup(backup: string): void {
  try {
    switch (kindOf(backup)) {
      case 'file':
        accessSync(backup, constants.R_OK);
        return;
      case 'folder':
        throw new ConfigError(`${backup} is a folder: name the backup in it.`);
      case 'deadLink':
        throw new ConfigError(`${backup} is a link that leads nowhere: name the backup itself.`);
      case 'nothing':
        throw new ConfigError(`There is no ${backup} to restore.`);
    }
  } catch (error) {
    throw hindered(error, `${backup} cannot be read`, {
      denied: 'this user may not; give it to the user who runs this, or run it with "sudo"',
    });
  }
}

/** Whose the copy is and how much is in it; takes the note out of it. Throws ConfigError for what is no backup. */
function examine(aside: string, backup: string): { agentId: string | null; mappings: number } {
  const copy = new DatabaseSync(aside);
  try {
    if (!hasTable(copy, 'port_mappings') || !hasTable(copy, 'migrations'))
      throw new ConfigError(`${backup} is no backup of an agent: it has no mappings.`);
    const { integrity_check: verdict } = verdictSchema.parse(copy.prepare('PRAGMA integrity_check(1)').get());
    if (verdict !== 'ok') throw new ConfigError(`${backup} is damaged (${verdict}): take an older one.`);
    const known = new Set(MIGRATIONS.map(({ name }) => name));
    const names = copy
      .prepare('SELECT name FROM migrations')
      .all()
      .map((row) => nameSchema.parse(row).name);
    const newer = names.filter((name) => !known.has(name));
    if (newer.length > 0)
      throw new ConfigError(
        `${backup} was made by a newer version (${newer.join(', ')}): restore it with that one.`,
      );
    const agentId = readNote(copy)?.agentId ?? null;
    dropNote(copy);
    const { mappings } = countSchema.parse(
      copy.prepare('SELECT count(*) AS mappings FROM port_mappings').get(),
    );
    return { agentId, mappings };
  } finally {
    copy.close();
  }
}

const verdictSchema = z.object({ integrity_check: z.string() });
const nameSchema = z.object({ name: z.string() });
const countSchema = z.object({ mappings: z.int() });

function wordsFor(folder: string): Words {
  return {
    missing: `${folder} cannot be made; name another folder with --data-dir`,
    notFolder: `${folder} is no folder; name another one with --data-dir`,
    denied: `this user may not write in ${folder}; run it as the agent's user, or with "sudo"`,
    readOnly: `the file system of ${folder} is read-only; make it writable`,
    full: `there is no room for it in ${folder}; make some`,
    tooLong: `a name in ${folder} would be too long; give the database a shorter one`,
    closed:
      'SQLite has to write beside it, and may not; copy it into a folder of your own, and restore that one',
    busy: 'another program keeps it locked; try again when it is done',
    damaged: 'it is damaged; take an older one',
    noDatabase: 'it is no backup of an agent',
  };
}
