// Which database a connection string means.

import { resolve } from 'node:path';

import type { DatabaseTarget } from './connectionString.ts';
import type { DatabaseAdapter, StoreLog } from './databaseAdapter.ts';
import { mssqlDatabase } from './mssqlDatabase.ts';
import { sqliteDatabase } from './sqliteDatabase.ts';

/** The database, not connected yet. */
export function databaseFrom(target: DatabaseTarget, log: StoreLog): DatabaseAdapter {
  return target.kind === 'sqlite' ? sqliteDatabase(resolve(target.path), log) : mssqlDatabase(target, log);
}
