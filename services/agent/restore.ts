// Owns `octoporty restore`: puts a backup into a data folder. What was there stays beside it, under another name.

import { existsSync, lchownSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ConfigError } from '../config/variables.ts';
import { syncFolder, writeWholeFile } from '../wholeFile.ts';
import { AGENT_ID_FILE, readAgentId } from './agentId.ts';
import { copyInto, sync } from './backup.ts';
import { dropNote, hasTable, readNote } from './backupNote.ts';
import { lockDataFolder } from './dataFolderLock.ts';
import { Renames } from './renames.ts';
import { sqlitePathOf, type StorePlace } from './sqlitePlace.ts';
import { MIGRATIONS } from './store/migrate.ts';
import { createOwnerFile } from './store/sqliteFile.ts';

export interface Restored {
  /** Absolute: the database of the agent. */
  readonly path: string;
  readonly mappings: number;
  /** Where the database of before is now; null: there was none. */
  readonly before: string | null;
}

/** A database and what SQLite keeps beside it: left behind, they would be taken for those of the new one. */
const PARTS = ['', '-wal', '-shm'];

/** The agent of the folder must be stopped. Nothing is touched unless the backup is whole. Throws ConfigError. */
export async function restore(place: StorePlace, file: string, nowMs: number): Promise<Restored> {
  const path = sqlitePathOf(place);
  const backup = resolve(file);
  if (!existsSync(backup)) throw new ConfigError(`There is no ${backup} to restore.`);
  mkdirSync(place.dataDir, { recursive: true, mode: 0o700 });
  const refuse = () => {
    throw new ConfigError(`The folder ${place.dataDir} cannot be locked: give it to the user who runs this.`);
  };
  // Whoever restores has stopped the agent before.
  const lock = await lockDataFolder(place.dataDir, { warn: refuse }, 0);
  const aside = `${path}.new`;
  const idAside = join(place.dataDir, `${AGENT_ID_FILE}.restored`);
  const renames = new Renames();
  try {
    giveToOwner(join(place.dataDir, 'agent.lock'));
    rmSync(aside, { force: true });
    createOwnerFile(aside);
    await copyInto(backup, aside);
    const { agentId, mappings } = examine(aside, backup);
    giveToOwner(aside);
    sync(aside);
    // The gateway knows the agent by its id: the restored one is the one of before.
    const isNewId = agentId !== null && readAgentId(place.dataDir) !== agentId;
    if (isNewId) {
      await writeWholeFile(idAside, `${agentId}\n`);
      giveToOwner(idAside);
    }
    // All that may need room on the disk is done: from here on there are only names.
    const ending = `.before-${stampOf(nowMs)}`;
    const before = replace(path, aside, ending, renames);
    if (isNewId) replace(join(place.dataDir, AGENT_ID_FILE), idAside, ending, renames);
    await syncFolder(dirname(path));
    await syncFolder(place.dataDir);
    return { path, mappings, before };
  } catch (error) {
    renames.undo();
    throw sentenceOf(error, backup);
  } finally {
    rmSync(aside, { force: true });
    rmSync(idAside, { force: true });
    lock.release();
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

/** What root makes in the folder of a service is for the service. */
function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0 || !existsSync(path)) return;
  const { uid, gid } = statSync(dirname(path));
  // Not what a link leads to: the folder's owner could have laid one.
  lchownSync(path, uid, gid);
}

/** The database first: what SQLite keeps beside it would be nobody's without it. Answers where the old one is now. */
function replace(path: string, by: string, ending: string, renames: Renames): string | null {
  const isThere = existsSync(path);
  for (const part of PARTS) {
    if (existsSync(path + part)) renames.make(path + part, path + ending + part);
  }
  renames.make(by, path);
  return isThere ? path + ending : null;
}

/** `20261123T031500`, UTC. */
function stampOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

function sentenceOf(error: unknown, backup: string): unknown {
  if (!(error instanceof Error && ('syscall' in error || 'errcode' in error))) return error;
  return new ConfigError(`The backup ${backup} cannot be restored (${error.message}).`, { cause: error });
}
