// Tells an agent how the routes of its mappings stand in Caddy: what has moved is told soon and once, never in a flood.

import type { Clock } from '../../machines/clock.ts';
import type { ControlOf, ToldCertificate, ToldRoute } from '../../protocol/control.ts';
import type { ScheduleFlush } from '../../protocol/wire.ts';
import {
  MAX_CONTROL_BYTES,
  MAX_TOLD_REASON_CHARS,
  MAX_TOLD_ROUTES,
  STATUS_GAP_MS,
} from '../../protocol/limits.ts';
import { Paced } from './paced.ts';
import { PENDING, type RouteStanding } from './routeBook.ts';

/** The message around its routes takes less than this. */
const ENVELOPE_CHARS = 64;

export interface RouteTellerOptions {
  readonly clock: Clock;
  readonly schedule: ScheduleFlush;
  /** How the mappings of the session's revision in force stand, by their ids. */
  readonly standings: () => ReadonlyMap<string, RouteStanding>;
  /** The wire takes new streams: only then it is the one that its agent shows. */
  readonly isServing: () => boolean;
  readonly send: (message: ControlOf<'route_status'>) => void;
}

export class RouteTeller {
  private readonly options: RouteTellerOptions;
  /** What the agent knows; all else is pending to it. */
  private readonly told = new Map<string, RouteStanding>();
  private toldAtMs = -Infinity;
  private isFirst = true;
  private readonly paced: Paced;

  constructor(options: RouteTellerOptions) {
    this.options = options;
    const { clock, schedule } = options;
    const dueMs = () => this.toldAtMs + STATUS_GAP_MS;
    this.paced = new Paced({ clock, schedule, dueMs, tell: () => this.tell() });
  }

  /**
   * A revision is in force and about to be confirmed. The first time the agent hears by this that routes are told at all;
   * later what it knows of mappings that have moved or gone is taken back, so that none looks served as it was edited.
   */
  onRevision(): void {
    if (this.isFirst) this.send(batchOf(this.moved()));
    this.isFirst = false;
    let taken = this.takenBack();
    while (taken.length > 0) {
      this.send(batchOf(taken));
      taken = this.takenBack();
    }
    this.onMoved();
  }

  /** Some route stands otherwise than before. */
  onMoved(): void {
    this.paced.onMoved();
  }

  /** The session has ended. */
  stop(): void {
    this.paced.stop();
  }

  private tell(): void {
    if (!this.options.isServing()) return;
    const moved = this.moved();
    if (moved.length === 0) return;
    const batch = batchOf(moved);
    this.send(batch);
    if (batch.length < moved.length) this.paced.look();
  }

  private send(routes: ToldRoute[]): void {
    this.toldAtMs = this.options.clock.nowMs();
    for (const { id, ...standing } of routes) {
      if (standing.state === 'pending') this.told.delete(id);
      else this.told.set(id, standing);
    }
    this.options.send({ type: 'route_status', routes });
  }

  private takenBack(): ToldRoute[] {
    return this.moved().filter(({ state }) => state === 'pending');
  }

  /** What the agent does not know yet. */
  private moved(): ToldRoute[] {
    const standings = this.options.standings();
    const gone = [...this.told.keys()].filter((id) => !standings.has(id)).map((id) => ({ id, ...PENDING }));
    const now = [...standings].map(([id, standing]) => clipped(id, standing));
    return [...gone, ...now.filter((route) => !isSame(route, this.told.get(route.id) ?? PENDING))];
  }
}

function clipped(id: string, { state, reason, certificate }: RouteStanding): ToldRoute {
  const route = { id, state, reason: reason.slice(0, MAX_TOLD_REASON_CHARS) };
  if (certificate === undefined) return route;
  const told = { ...certificate, reason: certificate.reason.slice(0, MAX_TOLD_REASON_CHARS) };
  return { ...route, certificate: told };
}

function isSame(one: RouteStanding, other: RouteStanding): boolean {
  return (
    one.state === other.state &&
    one.reason === other.reason &&
    isSameCertificate(one.certificate, other.certificate)
  );
}

function isSameCertificate(one: ToldCertificate | undefined, other: ToldCertificate | undefined): boolean {
  return (
    one?.state === other?.state && one?.reason === other?.reason && one?.expiresAtMs === other?.expiresAtMs
  );
}

/** As many as one control message takes. */
function batchOf(routes: readonly ToldRoute[]): ToldRoute[] {
  let chars = ENVELOPE_CHARS;
  const fitting = routes.slice(0, MAX_TOLD_ROUTES).findIndex((route) => {
    chars += JSON.stringify(route).length + 1;
    return chars > MAX_CONTROL_BYTES;
  });
  return routes.slice(0, fitting < 0 ? MAX_TOLD_ROUTES : fitting);
}
