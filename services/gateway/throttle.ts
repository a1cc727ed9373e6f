// Slows down whoever guesses secrets, by address: refusals come later, a valid secret never waits.

/** Failed proofs that an address may make in a minute before its refusals are held back. */
const FREE_FAILURES = 10;

/** A failure is forgotten after this long. */
const MEMORY_MS = 60_000;

/** How long a refusal is then held back. It must stay well below the handshake's deadline. */
const DELAY_MS = 3_000;

/** Addresses remembered; beyond it the longest silent are forgotten. Raised: a flood from many addresses takes more memory. */
const MAX_ADDRESSES = 10_000;

export interface Throttle {
  /** Counts a failed proof; true while the address is within its limit, so that logs stay short too. */
  punish(address: string, nowMs: number): boolean;
  /** How long to hold the next refusal back, in milliseconds. */
  delayMs(address: string, nowMs: number): number;
}

export function createThrottle(): Throttle {
  const failures = new Map<string, number[]>();

  function recent(address: string, nowMs: number): number[] {
    return (failures.get(address) ?? []).filter((atMs) => nowMs - atMs < MEMORY_MS);
  }

  return {
    punish(address, nowMs) {
      const times = [...recent(address, nowMs), nowMs].slice(-FREE_FAILURES - 1);
      // Deleted first, so that the map's order is that of the last failure.
      failures.delete(address);
      failures.set(address, times);
      const [longestSilent] = failures.keys();
      if (failures.size > MAX_ADDRESSES && longestSilent !== undefined) failures.delete(longestSilent);
      return times.length <= FREE_FAILURES;
    },
    delayMs: (address, nowMs) => (recent(address, nowMs).length >= FREE_FAILURES ? DELAY_MS : 0),
  };
}
