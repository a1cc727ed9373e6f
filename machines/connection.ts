// The agent's connection to its gateway: dials overlap, the first that gets online wins, and it never stops trying.

import { assign, enqueueActions, setup, stopChild } from 'xstate';
import type { ToldMachine } from '../protocol/control.ts';
import { describeError, type ErrorCode } from '../protocol/errors.ts';
import type { Identity, TokenPort } from '../protocol/tokens.ts';
import { attemptMachine, type AttemptReport, type LinkDialer } from './attempt.ts';
import { backoffMachine, type BackoffReport } from './backoff.ts';
import type { ConfigChanged, ConfigSnapshot, Refusal } from './configSync.ts';
import { fraction, type Random } from './random.ts';
import { routesAfter, type ToldRoutes } from './toldRoutes.ts';

/** Dials in flight at once. Raised: a gateway behind a black hole collects half-open handshakes. */
export const MAX_DIALS = 3;

/** After a refusal only a person can mend the cause: look again after a minute, give or take a fifth. */
export const REJECTED_MS = 60_000;

/**
 * After the first `duplicate_agent` in a row: our predecessor may have vouched for itself in the moment before it left.
 * Raised: a restart that overlaps takes that much longer; lowered: it has not left yet, and we wait the whole minute.
 */
export const SECOND_LOOK_MS = 3_000;

export interface ConnectionInput {
  links: LinkDialer;
  tokens: TokenPort;
  random: Random;
  identity: Omit<Identity, 'attempt'>;
  version: string;
  config: ConfigSnapshot;
  drainMs: number;
}

export interface ConnectionContext extends ConnectionInput {
  lastAttempt: number;
  /** Attempts that have not ended, oldest first. */
  alive: readonly number[];
  /** Those of them that have never been online. */
  dialling: readonly number[];
  /** The attempt whose wire carries new streams. */
  current: number | null;
  /** Dials since the last time online. */
  dials: number;
  /** Refusals in a row since the last time online. */
  refusals: number;
  /** How long the last refusal is taken for an answer. */
  rejectedMs: number;
  lastError: { code: ErrorCode; detail: string } | null;
  gateway: { version: string; host: string | null; rttMs: number | null };
  /** The gateway's session at the other end of the current wire; none while there is no such wire, or it has not told. */
  gatewayMachines: readonly ToldMachine[];
  /** As told on the current wire. */
  routes: ToldRoutes;
  ackedRevision: number | null;
  refused: readonly Refusal[];
}

export type ConnectionEvent =
  | { type: 'start' }
  | { type: 'stop' }
  /** Drop what there is and dial now, from any state. */
  | { type: 'reconnect' }
  | ConfigChanged
  | AttemptReport
  | BackoffReport;

/** What holds without a current wire. */
const NO_WIRE = { current: null, gatewayMachines: [], routes: null } as const;

export const connectionMachine = setup({
  types: {
    context: {} as ConnectionContext,
    input: {} as ConnectionInput,
    events: {} as ConnectionEvent,
  },
  actors: { attempt: attemptMachine, backoff: backoffMachine },
  delays: {
    rejectedDelay: ({ context }) => context.rejectedMs,
  },
  guards: {
    hasRoom: ({ context }) => context.dialling.length < MAX_DIALS,
    isCurrent: ({ context, event }) => 'attempt' in event && event.attempt === context.current,
    /** Not one of the dials under way: a wire that was online before and has ended by now. */
    isOld: ({ context, event }) => 'attempt' in event && !context.dialling.includes(event.attempt),
    /** The current wire, or one that will replace it. */
    isNotOld: ({ context, event }) => 'attempt' in event && event.attempt >= (context.current ?? 0),
    isRefusal: ({ event }) => event.type === 'attempt.ended' && !describeError(event.code).retryable,
    isCurrentBesideDials: ({ context, event }) =>
      'attempt' in event && event.attempt === context.current && context.dialling.length > 0,
    isOnlyDial: ({ context }) => context.dialling.length === 1,
    hasNone: ({ context }) => context.alive.length === 0,
  },
  actions: {
    dial: enqueueActions(({ context, enqueue }) => {
      const attempt = context.lastAttempt + 1;
      const { links, tokens, random, version, config, drainMs } = context;
      const identity = { ...context.identity, attempt };
      enqueue.assign({
        lastAttempt: attempt,
        alive: [...context.alive, attempt],
        dialling: [...context.dialling, attempt],
        dials: context.dials + 1,
      });
      enqueue.spawnChild('attempt', {
        id: childId(attempt),
        input: { links, tokens, random, identity, version, config, drainMs },
      });
    }),
    forget: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'attempt.ended') return;
      const { attempt, code, detail } = event;
      // A dial dropped for another, or an old wire that ends, is no news: what the dashboard shows stays.
      const isNews = attempt === context.current || context.dialling.includes(attempt);
      enqueue.stopChild(childId(attempt));
      enqueue.assign({
        alive: without(context.alive, attempt),
        dialling: without(context.dialling, attempt),
        ...(context.current === attempt ? NO_WIRE : {}),
        lastError: isNews ? { code, detail } : context.lastError,
      });
    }),
    countRefusal: assign({ refusals: ({ context }) => context.refusals + 1 }),
    drawRejectedDelay: assign({
      rejectedMs: ({ context: { lastError, refusals, random } }) =>
        lastError?.code === 'duplicate_agent' && refusals === 1
          ? SECOND_LOOK_MS
          : Math.round(REJECTED_MS * (0.8 + 0.4 * fraction(random))),
    }),
    noteGateway: assign(({ context, event }) => {
      if (event.type !== 'attempt.syncing') return {};
      return { gateway: { ...context.gateway, version: event.gatewayVersion, host: event.gatewayHost } };
    }),
    noteAck: assign(({ event }) => {
      if (event.type !== 'attempt.acked') return {};
      return { ackedRevision: event.revision, refused: event.refused };
    }),
    noteRoundTrip: assign(({ context, event }) => {
      if (event.type !== 'attempt.measured') return {};
      return { gateway: { ...context.gateway, rttMs: event.rttMs } };
    }),
    noteGatewayMachines: assign(({ event }) =>
      event.type === 'attempt.told' ? { gatewayMachines: event.machines } : {},
    ),
    noteRoutes: assign(({ context, event }) =>
      event.type === 'attempt.routes' ? { routes: routesAfter(context.routes, event.routes) } : {},
    ),
    noteLeaving: assign(({ event }) => {
      if (event.type !== 'attempt.leaving') return {};
      return { ...NO_WIRE, lastError: { code: event.code, detail: '' } };
    }),
    promote: assign(({ context, event }) => {
      if (event.type !== 'attempt.online') return {};
      return {
        current: event.attempt,
        gatewayMachines: [],
        routes: event.routes === null ? null : routesAfter(null, event.routes),
        dialling: without(context.dialling, event.attempt),
        dials: 0,
        refusals: 0,
        lastError: null,
      };
    }),
    /** Not invoked by a state: a wire that ends beside dials must not make the next one wait anew. */
    startOverlap: enqueueActions(({ context: { random, dials }, enqueue }) => {
      enqueue.spawnChild('backoff', { id: 'overlap', input: { random, dials, pace: 'beside' } });
    }),
    stopOverlap: stopChild('overlap'),
    /** Dials that a dead path has swallowed must not keep a new one from trying the living. */
    dropOldestDial: enqueueActions(({ context, enqueue }) => {
      const [oldest] = context.dialling;
      if (oldest === undefined) return;
      enqueue.sendTo(childId(oldest), { type: 'drop', code: 'dial_timeout' });
      // While nothing is online, a person should see why: the first reason there was.
      const isNews = context.current === null && context.lastError === null;
      const lastError = isNews ? { code: 'dial_timeout' as const, detail: '' } : context.lastError;
      enqueue.assign({ dialling: without(context.dialling, oldest), lastError });
    }),
    /** Only one goes on: dials still in flight would replace it one after the other. */
    dropDials: enqueueActions(({ context, enqueue }) => {
      for (const attempt of context.dialling)
        enqueue.sendTo(childId(attempt), { type: 'drop', code: 'replaced' });
      enqueue.assign({ dialling: [] });
    }),
    passConfig: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'config.changed') return;
      enqueue.assign({ config: event.config });
      for (const attempt of context.alive) enqueue.sendTo(childId(attempt), event);
    }),
    dropAll: enqueueActions(({ context, enqueue }) => {
      for (const attempt of context.alive)
        enqueue.sendTo(childId(attempt), { type: 'drop', code: 'redialled' });
    }),
    retireAll: enqueueActions(({ context, enqueue }) => {
      for (const attempt of context.alive) enqueue.sendTo(childId(attempt), { type: 'retire' });
    }),
    startOver: assign({
      ...NO_WIRE,
      dialling: [],
      dials: 0,
      refusals: 0,
      lastError: { code: 'redialled', detail: '' },
    }),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({
    ...input,
    lastAttempt: 0,
    alive: [],
    dialling: [],
    current: null,
    dials: 0,
    refusals: 0,
    rejectedMs: 0,
    lastError: null,
    gateway: { version: '', host: null, rttMs: null },
    gatewayMachines: [],
    routes: null,
    ackedRevision: null,
    refused: [],
  }),
  on: {
    'config.changed': { actions: 'passConfig' },
    'attempt.online': { target: '.online', actions: ['promote', 'dropDials'] },
    'attempt.syncing': { actions: 'noteGateway' },
    'attempt.acked': { guard: 'isNotOld', actions: 'noteAck' },
    'attempt.measured': { guard: 'isCurrent', actions: 'noteRoundTrip' },
    'attempt.told': { guard: 'isCurrent', actions: 'noteGatewayMachines' },
    'attempt.routes': { guard: 'isCurrent', actions: 'noteRoutes' },
    'attempt.ended': { actions: 'forget' },
    stop: '.stopping',
    reconnect: { target: '.waiting', actions: ['dropAll', 'startOver'] },
  },
  initial: 'offline',
  states: {
    offline: {
      // Before the first config there is nothing to dial for: an empty one would withdraw every name.
      on: { start: 'waiting', stop: {}, reconnect: {} },
    },
    // No dial is under way; the next one is due after a gap.
    waiting: {
      entry: 'stopOverlap',
      invoke: {
        id: 'backoff',
        src: 'backoff',
        input: ({ context, event }) => ({
          random: context.random,
          dials: context.dials,
          pace: event.type === 'attempt.ended' ? 'rested' : 'now',
        }),
      },
      on: { 'dial.due': { target: 'trying', actions: ['dial', 'startOverlap'] } },
    },
    // One to three dials are under way; the inner state is that of the one that got furthest last.
    trying: {
      on: {
        'dial.due': [
          { guard: 'hasRoom', actions: 'dial' },
          { target: '.dialing', actions: ['dropOldestDial', 'dial'] },
        ],
        'attempt.ended': [
          { guard: 'isOld', actions: 'forget' },
          { guard: 'isRefusal', target: 'rejected', actions: ['forget', 'countRefusal', 'dropDials'] },
          { guard: 'isOnlyDial', target: 'waiting', actions: 'forget' },
          { target: '.dialing', actions: 'forget' },
        ],
      },
      initial: 'dialing',
      states: {
        dialing: {
          on: {
            'attempt.authenticating': 'authenticating',
            'attempt.syncing': { target: 'syncing', actions: 'noteGateway' },
          },
        },
        authenticating: {
          on: { 'attempt.syncing': { target: 'syncing', actions: 'noteGateway' } },
        },
        syncing: {},
      },
    },
    online: {
      on: {
        'attempt.leaving': [
          { guard: 'isCurrentBesideDials', target: 'trying', actions: 'noteLeaving' },
          { guard: 'isCurrent', target: 'waiting', actions: 'noteLeaving' },
        ],
        'attempt.ended': [
          { guard: 'isCurrentBesideDials', target: 'trying', actions: 'forget' },
          { guard: 'isCurrent', target: 'waiting', actions: 'forget' },
        ],
      },
      initial: 'lively',
      states: {
        lively: {
          entry: 'stopOverlap',
          on: { 'attempt.silent': { guard: 'isCurrent', target: 'doubtful' } },
        },
        // Nothing is heard: dial beside the silent wire, and keep it if it speaks first.
        doubtful: {
          entry: ['dial', 'startOverlap'],
          on: {
            'dial.due': [{ guard: 'hasRoom', actions: 'dial' }, { actions: ['dropOldestDial', 'dial'] }],
            'attempt.heard': { guard: 'isCurrent', target: 'lively', actions: 'dropDials' },
          },
        },
      },
    },
    // The gateway said no, and only a person can mend why.
    rejected: {
      entry: ['stopOverlap', 'drawRejectedDelay'],
      after: { rejectedDelay: 'waiting' },
    },
    stopping: {
      entry: ['stopOverlap', 'retireAll'],
      always: { guard: 'hasNone', target: 'offline' },
      on: { stop: {}, reconnect: {}, 'attempt.online': {} },
    },
  },
});

function childId(attempt: number): string {
  return `attempt.${attempt}`;
}

function without(attempts: readonly number[], attempt: number): number[] {
  return attempts.filter((each) => each !== attempt);
}
