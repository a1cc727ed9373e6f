// The agent's store, from its configuration.

import { parseConnectionString } from './connectionString.ts';
import type { StoreLog } from './databaseAdapter.ts';
import type { StoreAndJournal } from './localStore.ts';
import { createThreadedStore } from './threadedStore.ts';

export interface StoreOptions {
  /** As in OCTOPORTY_CONNECTION_STRING; absent: a SQLite file in the data folder. */
  readonly connectionString?: string | undefined;
  readonly dataDir: string;
  readonly log: StoreLog;
}

/** The store a connection string means, not open yet. Throws ConnectionStringError at once: trying again cannot help. */
export function createStore({ connectionString, dataDir, log }: StoreOptions): StoreAndJournal {
  return createThreadedStore(parseConnectionString(connectionString, dataDir), log);
}
