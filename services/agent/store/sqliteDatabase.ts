// SQLite as the database of the store: one file, in WAL mode.

import { Sequelize, type BaseError, type Transaction } from 'sequelize';

import type { DatabaseAdapter, RequestRow, StoreLog } from './databaseAdapter.ts';
import { migrate, tellApplied } from './migrate.ts';
import * as dialectModule from './sqliteDialect.ts';
import { createOwnerFile, underLock } from './sqliteFile.ts';
import { StoreError } from './store.ts';
import { primaryCode } from './whileBusy.ts';

/** The database in the file at this absolute path, created on connect. */
export function sqliteDatabase(path: string, log: StoreLog): DatabaseAdapter {
  return {
    connect,
    connectLoosely: () => sequelizeOn(path, { ...dialectModule, Database: dialectModule.LooseDatabase }),
    isDamage,
    insertRequests,
  };

  async function connect(signal?: AbortSignal): Promise<Sequelize> {
    try {
      createOwnerFile(path);
      return await underLock(path, openAndMigrate, signal);
    } catch (error) {
      // File system errors and those of the lock database do not come through Sequelize.
      if (!(error instanceof Error) || !('syscall' in error || primaryCode(error) !== undefined)) throw error;
      throw new StoreError('unavailable', `${path}: ${error.message}.`, error);
    }
  }

  async function openAndMigrate(): Promise<Sequelize> {
    const sequelize = sequelizeOn(path, dialectModule);
    try {
      const applied = await migrate(sequelize);
      tellApplied(log, applied);
      return sequelize;
    } catch (error) {
      await sequelize.close();
      throw error;
    }
  }
}

function sequelizeOn(path: string, dialect: Pick<typeof dialectModule, 'Database'>): Sequelize {
  return new Sequelize({
    dialect: 'sqlite',
    dialectModule: dialect,
    storage: path,
    // Without OPEN_CREATE: the file is there by now, and Sequelize must not make folders.
    dialectOptions: { mode: dialectModule.OPEN_READWRITE },
    logging: false,
    // The dialect waits for locks itself.
    retry: { max: 1 },
  });
}

function isDamage(error: BaseError): boolean {
  const cause = 'original' in error ? error.original : null;
  return (
    cause instanceof dialectModule.SqliteError &&
    (cause.code === 'SQLITE_CORRUPT' || cause.code === 'SQLITE_NOTADB')
  );
}

/** One statement for all rows: Sequelize's bulk insert spends several times as long on making its SQL. */
async function insertRequests(
  rows: readonly RequestRow[],
  sequelize: Sequelize,
  transaction: Transaction,
): Promise<void> {
  const stored = rows.map((row) =>
    REQUEST_COLUMNS.map((column) => (column === 'timestamp' ? storedTime(row.timestamp) : row[column])),
  );
  await sequelize.query(INSERT_REQUESTS, { bind: { rows: JSON.stringify(stored) }, transaction });
}

const REQUEST_COLUMNS = [
  'id',
  'portMappingId',
  'timestamp',
  'method',
  'path',
  'statusCode',
  'durationMs',
  'firstByteMs',
  'bytesIn',
  'bytesOut',
  'outcome',
  'errorCode',
  'visitorAddress',
] as const satisfies readonly (keyof RequestRow)[];

/** Columns by their place: by name, SQLite compares the names of each row for each column, at half as much time again. */
const INSERT_REQUESTS = `INSERT OR IGNORE INTO request_logs (${REQUEST_COLUMNS.join(', ')})
  SELECT ${REQUEST_COLUMNS.map((_, place) => `value ->> ${place}`).join(', ')} FROM json_each($rows)`;

/** A time as Sequelize writes it into SQLite, so that all rows compare. */
function storedTime(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', ' +00:00');
}
