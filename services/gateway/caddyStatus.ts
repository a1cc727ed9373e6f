// Owns what the gateway's full status says of Caddy: whether it serves what it should, and if not, why.

import type { DesiredRoute, RouteStanding } from './routeBook.ts';

/**
 * `starting`: Caddy was never seen to be right. `right`: it serves what is desired. `changing`: it is about to be
 * written. `failing`: it cannot be reached, refuses what it is told, or somebody else undoes it.
 */
export type CaddyState = 'starting' | 'right' | 'changing' | 'failing';

export interface CaddyStatus {
  readonly state: CaddyState;
  /** UTC, ISO 8601. */
  readonly since: string;
  /** Routes of mappings: there should be, and there are. */
  readonly desired: number;
  readonly applied: number;
  /** Routes that are not written, as somebody else's route has the name; no more than MAX_TOLD_CONFLICTS. */
  readonly conflicts: readonly ToldConflict[];
  /** Null while all is well. */
  readonly lastError: string | null;
}

export interface ToldConflict {
  readonly domain: string;
  readonly port: number;
  readonly reason: string;
}

/** Raised: one answer of the status grows with the mistakes of a person. */
const MAX_TOLD_CONFLICTS = 100;

/** The counts of it. */
export function countsOf(
  standings: readonly (readonly [DesiredRoute, RouteStanding])[],
): Pick<CaddyStatus, 'desired' | 'applied' | 'conflicts'> {
  const inState = (state: RouteStanding['state']) =>
    standings.filter(([, standing]) => standing.state === state);
  return {
    desired: standings.length,
    applied: inState('applied').length,
    conflicts: inState('conflict')
      .slice(0, MAX_TOLD_CONFLICTS)
      .map(([{ domain, port }, { reason }]) => ({ domain, port, reason })),
  };
}
