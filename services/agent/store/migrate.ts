// Brings a database to this version's tables: forward only, each migration whole or not at all.

import { Transaction, type QueryInterface, type Sequelize } from 'sequelize';
import { MigrationError, SequelizeStorage, Umzug, type UmzugStorage } from 'umzug';

import type { StoreLog } from './databaseAdapter.ts';
import { portMappings } from './migrations/0001-port-mappings.ts';
import { logs } from './migrations/0002-logs.ts';
import { firstByte } from './migrations/0003-first-byte.ts';
import { StoreError } from './store.ts';

/** One step forward. Everything it does goes through the transaction. */
export interface Migration {
  readonly name: string;
  up(queryInterface: QueryInterface, transaction: Transaction): Promise<void>;
}

/** In order; what has been released stays as it is. */
export const MIGRATIONS: readonly Migration[] = [portMappings, logs, firstByte];

/**
 * Applies what is missing and returns the names of it. The caller holds the migration lock.
 * Throws StoreError `unavailable` when a newer version has been here.
 */
export async function migrate(sequelize: Sequelize, migrations = MIGRATIONS): Promise<string[]> {
  const table = new SequelizeStorage({ sequelize, modelName: 'Migration', tableName: 'migrations' });
  await refuseNewer(table, migrations);
  const umzug = new Umzug({
    migrations: migrations.map((migration) => ({ name: migration.name, up: () => apply(migration) })),
    storage: { ...noLog, executed: () => table.executed() },
    logger: undefined,
  });
  const applied = await umzug.up().catch((error: unknown) => {
    throw error instanceof MigrationError ? error.cause : error;
  });
  return applied.map(({ name }) => name);

  /** Commits the step and the note of it together: a process killed in between leaves neither. */
  async function apply(migration: Migration): Promise<void> {
    await sequelize.transaction({ type: Transaction.TYPES.IMMEDIATE }, async (transaction) => {
      await migration.up(sequelize.getQueryInterface(), transaction);
      await sequelize.model('Migration').create({ name: migration.name }, { transaction });
    });
  }
}

/** Tells an operator what `migrate` has applied. */
export function tellApplied(log: StoreLog, applied: readonly string[]): void {
  if (applied.length > 0) log.info({ applied }, 'The tables of the database were brought up to date.');
}

/** umzug would note a migration after its transaction; apply() has done so within. */
const noLog: Pick<UmzugStorage, 'logMigration' | 'unlogMigration'> = {
  logMigration: async () => {},
  unlogMigration: async () => {},
};

async function refuseNewer(table: SequelizeStorage, migrations: readonly Migration[]): Promise<void> {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = (await table.executed()).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new StoreError(
      'unavailable',
      `It was migrated by a newer version (${unknown.join(', ')}): start that one.`,
    );
  }
}
