// Which database a connection string means.

import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';

import { createSequelizeStore } from './sequelizeStore.ts';
import { sqliteDatabase } from './sqliteDatabase.ts';
import type { Store, StoreSource } from './store.ts';

/** Where the store writes what an operator may want to know. */
export interface StoreLog {
  info(fields: object, message: string): void;
}

export interface StoreOptions {
  /** `sqlite:<path>`; absent: `octoporty.sqlite` in the data folder. */
  readonly connectionString?: string | undefined;
  readonly dataDir: string;
  readonly log: StoreLog;
  readonly source?: StoreSource;
}

/** The connection string names no database we can use. The message is one plain line, and repeats no password. */
export class ConnectionStringError extends Error {
  override readonly name = 'ConnectionStringError';
}

const SYSTEM_SOURCE: StoreSource = { wallMs: () => Date.now(), newId: () => randomUUID() };

/** The store a connection string means, not open yet. Throws ConnectionStringError at once: trying again cannot help. */
export function createStore({ connectionString, dataDir, log, source = SYSTEM_SOURCE }: StoreOptions): Store {
  const path = sqlitePath(connectionString, dataDir);
  return createSequelizeStore(sqliteDatabase(resolve(path), log), source);
}

function sqlitePath(connectionString: string | undefined, dataDir: string): string {
  if (connectionString === undefined || connectionString === '') return join(dataDir, 'octoporty.sqlite');
  if (/^mssql:|^\s*(server|data source)\s*=/i.test(connectionString)) {
    throw new ConnectionStringError(
      'OCTOPORTY_CONNECTION_STRING names a SQL Server, which this version cannot use yet: use sqlite:<path>.',
    );
  }
  const path = /^sqlite:(?:\/\/)?(.+)$/i.exec(connectionString)?.[1];
  if (path === undefined || path.startsWith(':')) {
    throw new ConnectionStringError('OCTOPORTY_CONNECTION_STRING must be sqlite:<path to a file>.');
  }
  return path;
}
