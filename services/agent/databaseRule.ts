// Owns the rule of the agent's database: its connection string means one that we can use.

import { ConfigError, labelOf, type ConfigSources } from '../config/variables.ts';
import { loadStorePlace } from '../config.ts';
import { parseConnectionString } from './store/connectionString.ts';
import { ConnectionStringError } from './store/connectionStringError.ts';

const NAME = 'OCTOPORTY_CONNECTION_STRING';

/** Throws ConfigError, which begins with what was typed: the flag, the variable or the line of the file. */
export function databaseRule(sources: ConfigSources): void {
  const { connectionString, dataDir } = loadStorePlace(sources);
  try {
    parseConnectionString(connectionString ?? undefined, dataDir);
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    throw new ConfigError(`${labelOf(NAME, sources)} ${error.problem}`, { setting: NAME, cause: error });
  }
}
