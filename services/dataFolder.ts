// What a person hears when the data folder cannot be used: one line that says what to do.

import { ConfigError } from './config/variables.ts';

/** Carries out what needs the folder. Throws ConfigError for what the file system refuses. */
export function inDataFolder<Result>(dataDir: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new ConfigError(
      `The data folder ${dataDir} cannot be used (${error.message}): make room, give it to the user who runs this, or choose another one (OCTOPORTY_DATA_DIR or --data-dir).`,
      { cause: error },
    );
  }
}
