// Owns the numbers on the command lines of the long runs: one that is none would run nothing, and pass.

import { InvalidArgumentError } from 'commander';

/** Parses a whole number; commander tells its InvalidArgumentError with the option's name. */
export function wholeFrom(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
}
