// Owns renames that belong together: all of them hold, or none.

import { renameSync } from 'node:fs';
import { ConfigError, reasonOf } from '../config/variables.ts';
import { isThere } from './databaseFile.ts';

/** Some hold and some do not. The message says what to do by hand. */
export class HalfDoneError extends ConfigError {}

export class Renames {
  readonly #made: { readonly from: string; readonly to: string }[] = [];

  /** Never over anything. Throws ConfigError, or the system's error. */
  make(from: string, to: string): void {
    if (isThere(to)) throw new ConfigError(`${to} is in the way of ${from}: give it another name.`);
    renameSync(from, to);
    this.#made.push({ from, to });
  }

  /** The last one first. Throws HalfDoneError that says what could not be taken back. */
  undo(): void {
    for (let last = this.#made.pop(); last !== undefined; last = this.#made.pop()) {
      const { from, to } = last;
      try {
        renameSync(to, from);
      } catch (error) {
        throw new HalfDoneError(
          `${to} could not be named ${from} again (${reasonOf(error)}): do it by hand.`,
          { cause: error },
        );
      }
    }
  }
}
