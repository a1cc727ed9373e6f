// The store in the thread that uses it: what the store's own thread runs, and what tests look into.

import { randomUUID } from 'node:crypto';

import type { DatabaseTarget } from './connectionString.ts';
import type { DatabaseAdapter, StoreLog } from './databaseAdapter.ts';
import { databaseFrom } from './databaseFrom.ts';
import type { Journal } from './journal.ts';
import { OrderedDatabase } from './orderedDatabase.ts';
import { createSequelizeJournal } from './sequelizeJournal.ts';
import { createSequelizeStore } from './sequelizeStore.ts';
import type { Store, StoreSource } from './store.ts';

/** Two views of one database: opened and closed as the store. */
export interface StoreAndJournal {
  readonly store: Store;
  readonly journal: Journal;
}

const SYSTEM_SOURCE: StoreSource = { wallMs: () => Date.now(), newId: () => randomUUID() };

/** A store on the database, not open yet. */
export function createLocalStore(
  target: DatabaseTarget,
  log: StoreLog,
  source: StoreSource = SYSTEM_SOURCE,
): StoreAndJournal {
  return createStoreOn(databaseFrom(target, log), source);
}

/** The same for a database that is there already. */
export function createStoreOn(adapter: DatabaseAdapter, source: StoreSource): StoreAndJournal {
  const database = new OrderedDatabase(adapter);
  return { store: createSequelizeStore(database, source), journal: createSequelizeJournal(database) };
}
