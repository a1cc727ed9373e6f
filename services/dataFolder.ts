// What a person hears when the data folder cannot be used: one line that names its variable, and what to do.

import { ConfigError } from './config/variables.ts';

/** Carries out what needs the folder. Throws ConfigError for what the file system refuses. */
export function inDataFolder<Result>(dataDir: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new ConfigError(
      `OCTOPORTY_DATA_DIR is ${dataDir}, which cannot be used (${error.message}): make room, give the folder to the user who runs this, or choose another one.`,
      { cause: error },
    );
  }
}
