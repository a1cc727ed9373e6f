// Keeps Caddy's routes as the mappings want them: reads what Caddy has, and writes what differs, in one request.

import { isDeepStrictEqual } from 'node:util';
import type { Actors } from '../actors.ts';
import type { CaddyStatus } from './caddyStatus.ts';
import type { LookResult, WriteResult } from '../../machines/reconciler.ts';
import type { DesiredRoute } from './routeBook.ts';
import { reconcilerMachine } from '../../machines/reconciler.ts';
import { CaddyError, type CaddyAdmin } from './caddyClient.ts';
import { CaddyLevel, type CaddyLevelOptions } from './caddyLevel.ts';
import {
  CONFIG_PATH,
  planServers,
  routesIn,
  SERVERS_PATH,
  type CaddyPlan,
  type PlanInput,
} from './caddyPlan.ts';
import { sightOf } from './routeStandings.ts';
import { TakenPorts } from './takenPorts.ts';

/** Under which the registry of actors knows it. */
export const RECONCILER_ID = 'reconciler';

export interface ReconcilerOptions extends CaddyLevelOptions {
  readonly actors: Actors;
  readonly caddy: CaddyAdmin;
  /** `host:port` of the gateway, as Caddy dials it. */
  readonly upstream: string;
  readonly portMap: PlanInput['portMap'];
  /** The routes there should be right now: a level, read anew at each look, as leases end untold. */
  readonly desiredRoutes: () => readonly DesiredRoute[];
  /** Is told once, before anything is written, which routes of ours Caddy has from before. */
  readonly adopt: (routes: readonly DesiredRoute[]) => void;
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
  const { actors, caddy, clock, desiredRoutes, upstream, portMap, gatewayHost } = options;
  const level = new CaddyLevel(options);
  const taken = new TakenPorts();
  let desired: readonly DesiredRoute[] = [];
  let hasAdopted = false;
  /** Made by the last look that did not fail. */
  let planned: { readonly plan: CaddyPlan; readonly etag: string } | undefined;
  let isOver = false;

  const actor = actors.start(
    RECONCILER_ID,
    reconcilerMachine,
    {
      look: (report) => {
        carryOut(look(), report, () => level.sawNothing());
      },
      write: (report) => {
        carryOut(write(), report);
      },
    },
    options.onMoved,
  );
  const watching = actor.subscribe({
    next: (snapshot) => level.moved(snapshot),
    // The registry hears of the error.
    error: () => {},
  });

  async function look(): Promise<LookResult> {
    const { value: config, etag } = await caddy.read(CONFIG_PATH);
    if (!hasAdopted) options.adopt(routesIn(config));
    hasAdopted = true;
    desired = desiredRoutes();
    const nowMs = clock.nowMs();
    const planFor = (takenPorts: ReadonlySet<number>) =>
      planServers({ config, routes: desired, gatewayHost, upstream, portMap, takenPorts });
    const leftOut = taken.leftOut(nowMs);
    const plan = planFor(leftOut);
    planned = { plan, etag };
    if (plan.isRight) taken.settle(nowMs);
    const { known } = taken;
    const told = known.size === leftOut.size ? plan : planFor(known);
    level.saw(desired, sightOf({ config, routes: desired, portMap }, told));
    return { type: plan.isRight ? 'look.right' : 'look.differs' };
  }

  async function write(): Promise<WriteResult> {
    if (planned === undefined) return { type: 'write.stale' };
    const { plan, etag } = planned;
    try {
      await caddy.write(plan.method, SERVERS_PATH, plan.servers, etag);
    } catch (error) {
      if (!(error instanceof CaddyError)) throw error;
      if (error.code === 'stale') return { type: 'write.stale' };
      if (error.code === 'rejected' && taken.learn(error.message, clock.nowMs()))
        return { type: 'write.narrowed' };
      throw error;
    }
    level.wrote();
    return { type: 'write.done' };
  }

  function carryOut<Result>(
    work: Promise<Result>,
    report: (result: Result | Failed) => void,
    onFailed: () => void = () => {},
  ): void {
    work.then(
      (result) => {
        if (!isOver) report(result);
      },
      (error: unknown) => {
        if (isOver) return;
        onFailed();
        report({ type: 'caddy.failed', reason: reasonOf(error) });
      },
    );
  }

  function reasonOf(error: unknown): string {
    if (error instanceof CaddyError) return sentenceOf(error);
    options.log.error({ error }, 'The routes for Caddy could not be worked out.');
    return 'The gateway could not work out the routes: its log says why.';
  }

  return {
    get status() {
      return level.status;
    },
    noteDesired() {
      const next = desiredRoutes();
      if (isOver || isDeepStrictEqual(next, desired)) return;
      desired = next;
      level.wants(desired);
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
