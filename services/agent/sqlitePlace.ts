// The SQLite file of an agent, for what copies it: another database is copied by its own means.

import { resolve } from 'node:path';
import type { AgentConfig } from '../config.ts';
import { ConfigError } from '../config/variables.ts';
import { parseConnectionString } from './store/connectionString.ts';

export type StorePlace = Pick<AgentConfig, 'dataDir' | 'connectionString'>;

/** Absolute. Throws ConfigError where the mappings are in no file, and ConnectionStringError. */
export function sqlitePathOf({ dataDir, connectionString }: StorePlace): string {
  const target = parseConnectionString(connectionString ?? undefined, dataDir);
  if (target.kind === 'sqlite') return resolve(target.path);
  throw new ConfigError(
    'OCTOPORTY_CONNECTION_STRING names a SQL Server: back that database up and restore it there; of the data folder keep the file agent-id.',
  );
}
