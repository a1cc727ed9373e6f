// How the route of each mapping stands in Caddy: written by the reconciler, read by whoever tells agents.

import type { ToldCertificate, ToldRoute } from '../../protocol/control.ts';
import type { CertificateBook } from './certificateBook.ts';

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

/** External ports, each with where Caddy listens for it. */
export type ListenPorts = ReadonlyMap<number, number>;

/** By owner, then by mapping: names joined for a key would be made anew for thousands at every look. */
type Entries = Map<string, Map<string, Entry>>;

export class RouteBook {
  private entries: Entries = new Map();
  private listenPorts: ListenPorts = new Map();
  private readonly listeners: (() => void)[] = [];
  private readonly certificates: CertificateBook | null;

  constructor(certificates: CertificateBook | null = null) {
    this.certificates = certificates;
  }

  /** Takes how all routes stand now; those that are left out are pending. Without ports, those of before are still the best guess. */
  note(standings: Iterable<readonly [DesiredRoute, RouteStanding]>, listenPorts?: ListenPorts): void {
    const before = this.entries;
    this.entries = entriesOf(standings);
    this.listenPorts = listenPorts ?? this.listenPorts;
    if (hasMoved(before, this.entries)) for (const listener of this.listeners) listener();
  }

  /** A mapping that has another name or port than the one that was noted is pending: that was the route of before. */
  standingOf(route: DesiredRoute): RouteStanding {
    const entry = this.entries.get(route.owner)?.get(route.id);
    if (entry === undefined || !isSameRoute(entry.route, route)) return PENDING;
    // Only what we have there is ours to tell of; and what is pending is as if it had never been told.
    const certificate = entry.standing.state === 'applied' ? this.certificateOf(route) : undefined;
    return certificate === undefined ? entry.standing : { ...entry.standing, certificate };
  }

  /** Of any name, the gateway's own among them; undefined: it is not served by TLS, or not known. */
  certificateOf(name: Pick<DesiredRoute, 'domain' | 'port'>): ToldCertificate | undefined {
    return this.certificates?.certificateOf(name);
  }

  /** Every route that there should be. */
  *standings(): Iterable<readonly [DesiredRoute, RouteStanding]> {
    for (const entries of this.entries.values())
      for (const { route, standing } of entries.values()) yield [route, standing];
  }

  /** Where Caddy listens for an external port; null: it has not been seen yet. */
  listenPortOf(port: number): number | null {
    return this.listenPorts.get(port) ?? null;
  }

  /** Called when some route stands otherwise than before, or its certificate does. */
  onMoved(listener: () => void): void {
    this.listeners.push(listener);
    this.certificates?.onMoved(listener);
  }

  /** The same, without certificates. */
  onRouteMoved(listener: () => void): void {
    this.listeners.push(listener);
  }
}

function entriesOf(standings: Iterable<readonly [DesiredRoute, RouteStanding]>): Entries {
  const entries: Entries = new Map();
  for (const [route, standing] of standings) {
    const ofOwner = entries.get(route.owner) ?? new Map<string, Entry>();
    entries.set(route.owner, ofOwner.set(route.id, { route, standing }));
  }
  return entries;
}

function hasMoved(before: Entries, now: Entries): boolean {
  if (before.size !== now.size) return true;
  for (const [owner, entries] of now) {
    const earlier = before.get(owner);
    if (earlier?.size !== entries.size) return true;
    for (const [id, entry] of entries) if (!isSame(earlier.get(id), entry)) return true;
  }
  return false;
}

function isSame(earlier: Entry | undefined, { route, standing }: Entry): boolean {
  return (
    earlier !== undefined &&
    isSameRoute(earlier.route, route) &&
    earlier.standing.state === standing.state &&
    earlier.standing.reason === standing.reason
  );
}

function isSameRoute(one: DesiredRoute, other: DesiredRoute): boolean {
  return one.domain === other.domain && one.port === other.port;
}
