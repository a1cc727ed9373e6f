// SQLite as the database of the store: one file, in WAL mode.

import { Sequelize, type BaseError } from 'sequelize';

import type { StoreLog } from './createStore.ts';
import { migrate } from './migrate.ts';
import type { Database } from './sequelizeStore.ts';
import * as dialectModule from './sqliteDialect.ts';
import { createOwnerFile, underLock } from './sqliteFile.ts';
import { StoreError } from './store.ts';
import { primaryCode } from './whileBusy.ts';

/** The database in the file at this absolute path, created on connect. */
export function sqliteDatabase(path: string, log: StoreLog): Database {
  return { connect, isDamage };

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
    const sequelize = new Sequelize({
      dialect: 'sqlite',
      dialectModule,
      storage: path,
      // Without OPEN_CREATE: the file is there by now, and Sequelize must not make folders.
      dialectOptions: { mode: dialectModule.OPEN_READWRITE },
      logging: false,
      // The dialect waits for locks itself.
      retry: { max: 1 },
    });
    try {
      const applied = await migrate(sequelize);
      if (applied.length > 0) log.info({ applied }, 'database migrated');
      return sequelize;
    } catch (error) {
      await sequelize.close();
      throw error;
    }
  }
}

function isDamage(error: BaseError): boolean {
  const cause = 'original' in error ? error.original : null;
  return (
    cause instanceof dialectModule.SqliteError &&
    (cause.code === 'SQLITE_CORRUPT' || cause.code === 'SQLITE_NOTADB')
  );
}
