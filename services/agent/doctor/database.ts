// The doctor's look at the agent's database: sound, and which mappings are published. It changes nothing there.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { mappingSchema } from '../../../protocol/mapping.ts';
import type { AgentConfig } from '../../config.ts';
import { failed, ok, skipped, type Finding } from '../../doctor.ts';
import { parseConnectionString } from '../store/connectionString.ts';
import { primaryCode } from '../store/whileBusy.ts';
import { readMssqlRows } from './mssqlRows.ts';

const CHECK = 'database';

const RESTORE = 'stop the agent, keep a copy of the file, and restore it from a backup';

/** Primary result codes (sqlite.org/rescode.html): a table is missing; damaged; something else than a database. */
const SQLITE_ERROR = 1;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** SQLite has neither booleans nor times of its own. */
const rowSchema = mappingSchema
  .pick({
    id: true,
    externalDomain: true,
    internalHost: true,
    internalPort: true,
    internalProtocol: true,
    hostHeader: true,
  })
  .extend({ allowInvalidCertificates: z.coerce.boolean() });

/** As much of an enabled mapping as a check needs. */
export type PublishedMapping = z.output<typeof rowSchema>;

/** The enabled mappings, in their order; null when they cannot be read. */
export interface ExaminedDatabase {
  readonly finding: Finding;
  readonly published: readonly PublishedMapping[] | null;
}

const PUBLISHED_QUERY = `SELECT * FROM port_mappings WHERE enabled = 1 ORDER BY externalDomain, externalPort`;

/** SQLite is read here and now: what else waits on this loop waits until the file is checked. */
export async function examineDatabase(
  config: Pick<AgentConfig, 'connectionString' | 'dataDir'>,
): Promise<ExaminedDatabase> {
  try {
    const target = parseConnectionString(config.connectionString ?? undefined, config.dataDir);
    if (target.kind === 'mssql') {
      const rows = await readMssqlRows(target, PUBLISHED_QUERY);
      return told(`${target.server}, database ${target.database}`, rows);
    }
    const path = resolve(target.path);
    if (!existsSync(path)) return unread(skipped(CHECK, `${path} does not exist yet: the agent creates it`));
    return readSqlite(path);
  } catch (error) {
    const saw = error instanceof Error ? error.message : String(error);
    return unread(failed(CHECK, saw, 'correct OCTOPORTY_CONNECTION_STRING, or start the database'));
  }
}

function readSqlite(path: string): ExaminedDatabase {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const [result] = database.prepare('PRAGMA quick_check(1)').all().map(Object.values);
      const verdict = String(result?.[0]);
      if (verdict !== 'ok') return unread(failed(CHECK, `${path} is damaged: ${verdict}`, RESTORE));
      return told(path, database.prepare(PUBLISHED_QUERY).all());
    } finally {
      database.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error)) throw error;
    return unread(failed(CHECK, `${path}: ${error.message}`, adviceFor(error)));
  }
}

function adviceFor(error: Error): string {
  switch (primaryCode(error)) {
    case SQLITE_ERROR:
      return 'start this version of the agent: it brings the tables up to date';
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return RESTORE;
    default:
      return "run the doctor as the agent's user; the log of the agent says more";
  }
}

function told(where: string, rows: readonly unknown[]): ExaminedDatabase {
  const parsed = z.array(rowSchema).safeParse(rows);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    return unread(failed(CHECK, `${where} holds a mapping with an invalid ${fields}`, RESTORE));
  }
  const count = parsed.data.length;
  const saw = `${where} is sound, ${count} mapping${count === 1 ? '' : 's'} enabled`;
  return { finding: ok(CHECK, saw), published: parsed.data };
}

function unread(finding: Finding): ExaminedDatabase {
  return { finding, published: null };
}
