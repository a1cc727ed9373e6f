// Keeps Caddy's routes as the mappings want them: reads what Caddy has, writes what differs, tells how it stands.

import { isDeepStrictEqual } from 'node:util';
import type { SnapshotFrom } from 'xstate';
import type { Actors } from '../actors.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { LookResult, WriteResult } from '../../machines/reconciler.ts';
import type { Log } from '../log.ts';
import type { DesiredRoute, RouteBook } from './routeBook.ts';
import { reconcilerMachine } from '../../machines/reconciler.ts';
import { instantOf } from '../../protocol/api/values.ts';
import { CaddyError, type CaddyAdmin } from './caddyClient.ts';
import {
  CONFIG_PATH,
  planServers,
  routesIn,
  SERVERS_PATH,
  type CaddyPlan,
  type PlanInput,
} from './caddyPlan.ts';
import {
  caddyStateOf,
  conflictsOf,
  countsOf,
  MAX_TOLD_CONFLICTS,
  type CaddyState,
  type CaddyStatus,
  type ToldConflict,
} from './caddyStatus.ts';
import { ReconcilerLog } from './reconcilerLog.ts';
import { sightOf, standingsOf, type Sight, type Standings } from './routeStandings.ts';

/** Under which the registry of actors knows it. */
export const RECONCILER_ID = 'reconciler';

export interface ReconcilerOptions {
  readonly actors: Actors;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly caddy: CaddyAdmin;
  readonly terms: Pick<PlanInput, 'gatewayHost' | 'upstream' | 'portMap'>;
  /** The routes there should be right now: a level, read anew at each look, as leases end untold. */
  readonly desiredRoutes: () => readonly DesiredRoute[];
  /** Is told once, before anything is written, which routes of ours Caddy has from before. */
  readonly adopt: (routes: readonly DesiredRoute[]) => void;
  /** Is kept up to date. */
  readonly book: RouteBook;
  /** The actor has changed its state. */
  readonly onMoved: () => void;
}

export interface Reconciler {
  readonly status: CaddyStatus;
  /** What is desired may have changed. */
  noteDesired(): void;
  /** Touches nothing any more; the routes stay. */
  stop(): void;
}

export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { actors, bus, clock, caddy, terms, book } = options;
  const log = new ReconcilerLog(options.log);
  let desired: readonly DesiredRoute[] = [];
  let hasAdopted = false;
  /** What the last look saw; null: it failed, or there was none. */
  let seen: { readonly plan: CaddyPlan; readonly etag: string; readonly sight: Sight } | null = null;
  let standings: Standings = [];
  let state: CaddyState = 'starting';
  let sinceMs = clock.wallMs();
  let lastError: string | null = null;
  let isOver = false;

  const actor = actors.start(
    RECONCILER_ID,
    reconcilerMachine,
    {
      look: (report) => {
        carryOut(look(), report);
      },
      write: (report) => {
        carryOut(write(), report);
      },
    },
    options.onMoved,
  );
  const watching = actor.subscribe({
    next: tell,
    // The registry hears of the error.
    error: () => {},
  });

  async function look(): Promise<LookResult> {
    try {
      const { value, etag } = await caddy.read(CONFIG_PATH);
      if (!hasAdopted) options.adopt(routesIn(value));
      hasAdopted = true;
      desired = options.desiredRoutes();
      const plan = planServers({ ...terms, config: value, routes: desired });
      seen = { plan, etag, sight: sightOf(value, plan) };
      return { type: plan.isRight ? 'look.right' : 'look.differs' };
    } catch (error) {
      seen = null;
      throw error;
    }
  }

  async function write(): Promise<WriteResult> {
    if (seen === null) return { type: 'write.stale' };
    const { plan, etag } = seen;
    try {
      await caddy.write(plan.method, SERVERS_PATH, plan.servers, etag);
    } catch (error) {
      if (error instanceof CaddyError && error.code === 'stale') return { type: 'write.stale' };
      throw error;
    }
    log.noteWrite(desired.length);
    return { type: 'write.done' };
  }

  function carryOut<Result>(work: Promise<Result>, report: (result: Result | Failed) => void): void {
    work.then(
      (result) => {
        if (!isOver) report(result);
      },
      (error: unknown) => {
        if (!isOver) report({ type: 'caddy.failed', reason: reasonOf(error) });
      },
    );
  }

  function reasonOf(error: unknown): string {
    if (error instanceof CaddyError) return sentenceOf(error);
    options.log.error({ error }, 'The routes for Caddy could not be worked out.');
    return 'The gateway could not work out the routes: its log says why.';
  }

  function tell(snapshot: SnapshotFrom<typeof reconcilerMachine>): void {
    const { value, context } = snapshot;
    lastError = context.failures > 0 ? context.reason : null;
    const next = caddyStateOf(state, value, context.failures);
    if (next !== state) [state, sinceMs] = [next, clock.wallMs()];
    log.noteFailure(lastError);
    tellStandings();
  }

  function tellStandings(): void {
    standings = standingsOf(desired, seen?.sight ?? null, lastError);
    const fresh = standings.filter(
      ([route, standing]) => standing.state === 'applied' && book.standingOf(route).state !== 'applied',
    );
    book.note(standings);
    for (const [{ owner, id, domain, port }] of fresh)
      bus.publish(() => ({ type: 'route.applied', agentId: owner, mappingId: id, domain, port }));
    log.noteConflicts(conflicts());
  }

  /** The gateway's own host among them. */
  function conflicts(): readonly ToldConflict[] {
    const reason = seen?.sight.ownConflict ?? null;
    const own = reason === null ? [] : [{ domain: terms.gatewayHost, port: 443, reason }];
    return [...own, ...conflictsOf(standings)];
  }

  return {
    get status() {
      return {
        state,
        since: instantOf(sinceMs),
        ...countsOf(standings),
        conflicts: conflicts().slice(0, MAX_TOLD_CONFLICTS),
        lastError,
      };
    },
    noteDesired() {
      const next = options.desiredRoutes();
      if (isOver || isDeepStrictEqual(next, desired)) return;
      desired = next;
      tellStandings();
      actor.send({ type: 'desired.changed' });
    },
    stop() {
      isOver = true;
      watching.unsubscribe();
      actors.stop(RECONCILER_ID);
      caddy.close();
    },
  };
}

interface Failed {
  readonly type: 'caddy.failed';
  readonly reason: string;
}

/** Versions before 2.7 do not know the field that keeps tunnels through a write: there is no doing without. */
function sentenceOf({ code, message }: CaddyError): string {
  return code === 'rejected' && message.includes('"stream_close_delay"')
    ? 'This Caddy is too old: Octoporty needs 2.8 or newer.'
    : message;
}
