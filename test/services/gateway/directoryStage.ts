// A directory and what its sessions ask for, as its tests need them.

import type { WireMapping } from '../../../protocol/mapping.ts';
import { Directory, type DirectoryOptions } from '../../../services/gateway/directory.ts';

/** How long a lost name is remembered. */
const LEASE_MS = 24 * 60 * 60_000;

export const A = { agentId: 'a', epoch: 'boot', slot: 0, attempt: 1 };
export const A_AGAIN = { ...A, attempt: 2 };
export const B = { ...A, agentId: 'b' };
export const HOUR_MS = 3_600_000;

/** A mapping of `owner` for `name.test`. */
export function mapped(owner: string, name: string, externalPort = 443): WireMapping {
  return { id: `${owner} ${name} ${externalPort}`, externalDomain: `${name}.test`, externalPort };
}

export function refused(sessionId: number, revision: number, ...mappings: WireMapping[]) {
  return {
    sessionId,
    revision,
    refused: mappings.map(({ id }) => ({ id, code: 'domain_taken' })),
  };
}

export function emptyDirectory({ gatewayHost = null, offeredPorts = null }: Partial<DirectoryOptions> = {}) {
  let nowMs = 7;
  const directory = new Directory({ gatewayHost, offeredPorts, leaseMs: LEASE_MS, nowMs: () => nowMs });
  return {
    directory,
    apply: directory.apply.bind(directory),
    withdraw: directory.withdraw.bind(directory),
    /** Who serves `name.test`, on whatever port or on this one: the session and the mapping, or why nobody. */
    serving: (name: string, port: number | null = null) => {
      const found = directory.find(`${name}.test`, port);
      return found.kind === 'live' ? [found.sessionId, found.mappingId] : found.kind;
    },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}
