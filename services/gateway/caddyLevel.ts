// How Caddy stands right now: kept from what the reconciler sees, and told to the book, the bus, the log and the status.

import type { SnapshotFrom } from 'xstate';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Log } from '../log.ts';
import type { reconcilerMachine } from '../../machines/reconciler.ts';
import type { DesiredRoute, RouteBook } from './routeBook.ts';
import { instantOf } from '../../protocol/api/values.ts';
import {
  caddyStateOf,
  certificatesOf,
  conflictsOf,
  countsOf,
  MAX_TOLD_CONFLICTS,
  type CaddyState,
  type CaddyStatus,
  type ToldConflict,
} from './caddyStatus.ts';
import { ReconcilerLog } from './reconcilerLog.ts';
import { standingsOf, type Sight, type Standings } from './routeStandings.ts';

/**
 * Looks that fail in a row until what was seen before is not believed any more: within a second the admin API of a Caddy
 * that loads a configuration answers again, and visitors were served all along. Raised: a Caddy that is gone is told later.
 */
const BLIND_AFTER_MISSES = 3;

export interface CaddyLevelOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Is kept up to date. */
  readonly book: RouteBook;
  readonly gatewayHost: string | null;
}

export class CaddyLevel {
  private readonly options: CaddyLevelOptions;
  private readonly log: ReconcilerLog;
  private desired: readonly DesiredRoute[] = [];
  /** What was seen last; null: nothing yet, or not for a while. */
  private sight: Sight | null = null;
  /** Looks in a row that failed. */
  private misses = 0;
  private state: CaddyState = 'starting';
  private sinceMs: number;
  private lastError: string | null = null;
  private standings: Standings = [];

  constructor(options: CaddyLevelOptions) {
    this.options = options;
    this.log = new ReconcilerLog(options.log);
    this.sinceMs = options.clock.wallMs();
  }

  get status(): CaddyStatus {
    return {
      state: this.state,
      since: instantOf(this.sinceMs),
      ...countsOf(this.standings),
      ...certificatesOf(this.standings, this.options.book, this.options.gatewayHost),
      conflicts: this.conflicts().slice(0, MAX_TOLD_CONFLICTS),
      lastError: this.lastError,
    };
  }

  /** What a look saw, and what was desired then. It is told with the machine's next move, which says what comes of it. */
  saw(desired: readonly DesiredRoute[], sight: Sight): void {
    this.desired = desired;
    this.sight = sight;
    this.misses = 0;
  }

  /** A look has failed. */
  sawNothing(): void {
    this.misses += 1;
    if (this.misses >= BLIND_AFTER_MISSES) this.sight = null;
  }

  wants(desired: readonly DesiredRoute[]): void {
    this.desired = desired;
    this.tell();
  }

  wrote(): void {
    this.log.noteWrite(this.desired.length);
  }

  moved({ value, context }: SnapshotFrom<typeof reconcilerMachine>): void {
    const state = caddyStateOf(this.state, value, context.failures);
    if (state !== this.state) this.sinceMs = this.options.clock.wallMs();
    this.state = state;
    this.lastError = context.failures > 0 ? context.reason : null;
    this.log.noteFailure(this.lastError);
    this.tell();
  }

  private tell(): void {
    const { book, bus } = this.options;
    this.standings = standingsOf(this.desired, this.sight, this.lastError);
    const fresh = this.standings.filter(
      ([route, { state }]) => state === 'applied' && book.standingOf(route).state !== 'applied',
    );
    book.note(this.standings, this.sight?.listenPorts);
    for (const [{ owner, id, domain, port }] of fresh)
      bus.publish(() => ({ type: 'route.applied', agentId: owner, mappingId: id, domain, port }));
    this.log.noteConflicts(this.conflicts());
  }

  /** The gateway's own host among them. */
  private conflicts(): ToldConflict[] {
    const { gatewayHost } = this.options;
    const reason = this.sight?.ownConflict ?? null;
    const own = reason === null || gatewayHost === null ? [] : [{ domain: gatewayHost, port: 443, reason }];
    return [...own, ...conflictsOf(this.standings)];
  }
}
