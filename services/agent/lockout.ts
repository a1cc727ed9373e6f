// Who may not log in for a while: addresses that failed too often, and no others.

import ipaddr from 'ipaddr.js';

/** Failures in a minute after which an address has to wait. Raised: passwords are guessed faster. */
const MAX_FAILURES = 5;

/** A failure is forgotten after this long. */
const MEMORY_MS = 60_000;

/** Addresses remembered; beyond it the longest silent are forgotten. Raised: a flood from many addresses takes more memory. */
const MAX_ADDRESSES = 10_000;

/** Addresses are those of sockets: a header would let anybody be anybody. */
export interface Lockout {
  /** Whole seconds until the address may try again; 0: now. */
  waitSeconds(address: string, nowMs: number): number;
  /** Counts a failed login; true when the address has to wait from now on. */
  punish(address: string, nowMs: number): boolean;
  /** Forgets the failures of an address that has logged in. */
  forgive(address: string): void;
}

export function createLockout(): Lockout {
  /** When each network failed lately, the longest silent first. */
  const failures = new Map<string, readonly number[]>();

  function recent(network: string, nowMs: number): readonly number[] {
    return (failures.get(network) ?? []).filter((atMs) => nowMs - atMs < MEMORY_MS);
  }

  return {
    waitSeconds(address, nowMs) {
      const times = recent(networkOf(address), nowMs);
      const [oldestMs] = times;
      if (times.length < MAX_FAILURES || oldestMs === undefined) return 0;
      return Math.ceil((oldestMs + MEMORY_MS - nowMs) / 1000);
    },
    punish(address, nowMs) {
      const network = networkOf(address);
      const times = [...recent(network, nowMs), nowMs].slice(-MAX_FAILURES);
      // Deleted first, so that the map's order is that of the last failure.
      failures.delete(network);
      failures.set(network, times);
      const [longestSilent] = failures.keys();
      if (failures.size > MAX_ADDRESSES && longestSilent !== undefined) failures.delete(longestSilent);
      return times.length >= MAX_FAILURES;
    },
    forgive: (address) => void failures.delete(networkOf(address)),
  };
}

/** What counts as one: of IPv6 the /64, in which a single machine has all addresses it wants. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  // An IPv4 address in IPv6 clothes becomes what it is.
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
