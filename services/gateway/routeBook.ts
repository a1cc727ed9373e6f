// How the route of each mapping stands in Caddy: written by the reconciler, read by whoever tells agents.

import type { ToldRoute } from '../../protocol/control.ts';

/** A route that Caddy should have. */
export interface DesiredRoute {
  /** The agent that publishes it. */
  readonly owner: string;
  /** The mapping's: unique within its owner. */
  readonly id: string;
  readonly domain: string;
  /** The external one, as a mapping knows it. */
  readonly port: number;
}

/**
 * `applied`: Caddy serves it. `conflict`: somebody else's route has the name. `failed`: Caddy refused it, or cannot be
 * reached. `pending`: none of these yet. `reason` is for a person, and empty where there is nothing to say.
 */
export type RouteStanding = Readonly<Omit<ToldRoute, 'id'>>;

/** What nothing is known of. */
export const PENDING: RouteStanding = { state: 'pending', reason: '' };

interface Entry {
  readonly route: DesiredRoute;
  readonly standing: RouteStanding;
}

export class RouteBook {
  private entries = new Map<string, Entry>();
  private readonly listeners: (() => void)[] = [];

  /** Takes how all routes stand now; those that are left out are pending. */
  note(standings: Iterable<readonly [DesiredRoute, RouteStanding]>): void {
    const entries = new Map<string, Entry>();
    for (const [route, standing] of standings) entries.set(keyOf(route), { route, standing });
    const before = this.entries;
    this.entries = entries;
    if (hasMoved(before, entries)) for (const listener of this.listeners) listener();
  }

  /** A mapping that has another name or port than the one that was noted is pending: that was the route of before. */
  standingOf(route: DesiredRoute): RouteStanding {
    const entry = this.entries.get(keyOf(route));
    return entry !== undefined && isSameRoute(entry.route, route) ? entry.standing : PENDING;
  }

  /** Called when some route stands otherwise than before. */
  onMoved(listener: () => void): void {
    this.listeners.push(listener);
  }
}

function keyOf({ owner, id }: DesiredRoute): string {
  return `${owner} ${id}`;
}

function isSameRoute(one: DesiredRoute, other: DesiredRoute): boolean {
  return one.domain === other.domain && one.port === other.port;
}

function hasMoved(before: ReadonlyMap<string, Entry>, now: ReadonlyMap<string, Entry>): boolean {
  if (before.size !== now.size) return true;
  for (const [key, { route, standing }] of now) {
    const earlier = before.get(key);
    if (earlier === undefined || !isSameRoute(earlier.route, route)) return true;
    if (earlier.standing.state !== standing.state || earlier.standing.reason !== standing.reason) return true;
  }
  return false;
}
