// Owns the rule of the agent's database: its connection string means one that we can use.

import { ConfigError, labelOf, type ConfigSources } from '../config/variables.ts';
import { loadStorePlace } from '../config.ts';
import type { StorePlace } from './sqlitePlace.ts';
import { parseConnectionString } from './store/connectionString.ts';
import { ConnectionStringError } from './store/connectionStringError.ts';

const NAME = 'OCTOPORTY_CONNECTION_STRING';

/**
 * Where the agent keeps its mappings. Throws ConfigError, which begins with what was typed: the flag, the variable or the
 * line of the file.
 */
export function storePlaceOf(sources: ConfigSources): StorePlace {
  const place = loadStorePlace(sources);
  try {
    parseConnectionString(place.connectionString ?? undefined, place.dataDir);
    return place;
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    throw new ConfigError(`${labelOf(NAME, sources)} ${error.problem}`, { setting: NAME, cause: error });
  }
}
