// What a backup holds besides the agent's database: a table of its own, which says whose it is.

import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

export interface BackupNote {
  /** Null: its agent had none yet. */
  readonly agentId: string | null;
  /** That made the backup. */
  readonly version: string;
}

const TABLE = 'octoporty_backup';

const noteSchema = z.object({ agentId: z.uuid().nullable(), version: z.string() });

export function writeNote(database: DatabaseSync, { agentId, version }: BackupNote): void {
  dropNote(database);
  database.exec(`CREATE TABLE ${TABLE} (agentId TEXT, version TEXT NOT NULL)`);
  database.prepare(`INSERT INTO ${TABLE} (agentId, version) VALUES (?, ?)`).run(agentId, version);
}

/** Null: a plain copy of a database. Throws for a note that is none. */
export function readNote(database: DatabaseSync): BackupNote | null {
  if (!hasTable(database, TABLE)) return null;
  return noteSchema.parse(database.prepare(`SELECT agentId, version FROM ${TABLE}`).get());
}

export function dropNote(database: DatabaseSync): void {
  database.exec(`DROP TABLE IF EXISTS ${TABLE}`);
}

export function hasTable(database: DatabaseSync, table: string): boolean {
  const asked = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  return asked.get(table) !== undefined;
}
