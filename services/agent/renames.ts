// Owns renames that belong together: all of them hold, or none.

import { renameSync } from 'node:fs';
import { ConfigError, reasonOf } from '../config/variables.ts';

export class Renames {
  readonly #made: { readonly from: string; readonly to: string }[] = [];

  /** Throws the system's error. */
  make(from: string, to: string): void {
    renameSync(from, to);
    this.#made.push({ from, to });
  }

  /** The last one first. Throws ConfigError that says what could not be taken back. */
  undo(): void {
    for (let last = this.#made.pop(); last !== undefined; last = this.#made.pop()) {
      const { from, to } = last;
      try {
        renameSync(to, from);
      } catch (error) {
        throw new ConfigError(`${to} could not be named ${from} again (${reasonOf(error)}): do it by hand.`, {
          cause: error,
        });
      }
    }
  }
}
