// The addresses of a name, as the system resolves it, in time.

import { lookup } from 'node:dns/promises';
import { errnoOf } from '../originErrors.ts';

/** A resolver that takes longer is not there. Raised: names that hang keep the doctor waiting. */
const LOOKUP_TIMEOUT_MS = 10_000;

/** Rejects as `dns.lookup` does, or when it takes too long. */
export type FindAddresses = (name: string) => Promise<readonly string[]>;

export const findBySystem: FindAddresses = async (name) => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${LOOKUP_TIMEOUT_MS / 1000} s`)),
    LOOKUP_TIMEOUT_MS,
  );
  try {
    const found = await Promise.race([lookup(name, { all: true }), late.promise]);
    return found.map(({ address }) => address);
  } finally {
    clearTimeout(timer);
  }
};

/** Why a name has no addresses: the system's short word, or ours. */
export function lookupProblem(error: unknown): string {
  return errnoOf(error) || (error instanceof Error ? error.message : String(error));
}
