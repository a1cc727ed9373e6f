// One dial and the life of its wire: dialled, authenticated, synced, online, drained, gone.

import { assign, forwardTo, sendParent, sendTo, setup } from 'xstate';
import type { ToldMachine, ToldRoute } from '../protocol/control.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../protocol/limits.ts';
import type { Identity, TokenPort } from '../protocol/tokens.ts';
import { authMachine, type AuthReport } from './auth.ts';
import {
  configSyncMachine,
  type ConfigChanged,
  type ConfigReport,
  type ConfigSnapshot,
  type Refusal,
} from './configSync.ts';
import { heartbeatMachine, type HeartbeatReport } from './heartbeat.ts';
import type { Link, LinkEvent } from './link.ts';
import type { Random } from './random.ts';

/** TCP, TLS and upgrade. Raised: a black hole occupies one of three dials for longer. */
export const DIAL_TIMEOUT_MS = 10_000;

/** Starts a dial; what becomes of it comes as events, never from inside the call. */
export interface LinkDialer {
  dial(attempt: number, report: (event: LinkEvent) => void): Link;
}

export type AttemptReport =
  | { type: 'attempt.authenticating'; attempt: number }
  | { type: 'attempt.syncing'; attempt: number; gatewayVersion: string; gatewayHost: string | null }
  /** `routes`: the first that the gateway told of; null: it tells of none, and what it confirms it serves. */
  | { type: 'attempt.online'; attempt: number; routes: readonly ToldRoute[] | null }
  | { type: 'attempt.acked'; attempt: number; revision: number; refused: readonly Refusal[] }
  | { type: 'attempt.measured'; attempt: number; rttMs: number }
  | { type: 'attempt.silent'; attempt: number }
  | { type: 'attempt.heard'; attempt: number }
  /** How the gateway's session at the other end of this wire stands. */
  | { type: 'attempt.told'; attempt: number; machines: readonly ToldMachine[] }
  /** Routes that stand otherwise than before. */
  | { type: 'attempt.routes'; attempt: number; routes: readonly ToldRoute[] }
  /** The gateway asked us to dial elsewhere; streams that run may finish here. */
  | { type: 'attempt.leaving'; attempt: number; code: ErrorCode }
  | { type: 'attempt.ended'; attempt: number; code: ErrorCode; detail: string };

export interface AttemptInput {
  links: LinkDialer;
  tokens: TokenPort;
  random: Random;
  identity: Identity;
  version: string;
  config: ConfigSnapshot;
  /** How long running streams may go on once we leave. */
  drainMs: number;
}

interface AttemptContext extends AttemptInput {
  link: Link;
  attempt: number;
  /** What was told of routes before this wire was online. */
  routes: readonly ToldRoute[] | null;
  code: ErrorCode;
  detail: string;
}

type AttemptEvent =
  | LinkEvent
  | AuthReport
  | ConfigChanged
  | ConfigReport
  | HeartbeatReport
  /** Leave politely: no new streams, running ones finish. */
  | { type: 'retire' }
  /** Leave now. */
  | { type: 'drop'; code: ErrorCode };

export const attemptMachine = setup({
  types: {
    context: {} as AttemptContext,
    input: {} as AttemptInput,
    events: {} as AttemptEvent,
  },
  actors: { auth: authMachine, configSync: configSyncMachine, heartbeat: heartbeatMachine },
  delays: {
    dialTimeout: DIAL_TIMEOUT_MS,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    drainTimeout: ({ context }) => context.drainMs,
  },
  actions: {
    note: assign((_, params: { code: ErrorCode }) => ({ code: params.code })),
    noteEvent: assign(({ event }) => {
      if (event.type === 'link.closed' || event.type === 'link.broken')
        return { code: event.code, detail: event.detail };
      if (event.type === 'auth.refused' || event.type === 'drop') return { code: event.code };
      if (event.type === 'control.goaway') return { code: event.message.reason };
      return {};
    }),
    noteConfig: assign(({ event }) => (event.type === 'config.changed' ? { config: event.config } : {})),
    close: ({ context }) => {
      context.link.close(context.code, context.detail);
    },
    terminate: ({ context }) => {
      context.link.terminate(context.code);
    },
    serve: ({ context }) => {
      context.link.serve();
    },
    drain: ({ context }) => {
      context.link.drain('going_away', 0);
    },
    remindOfSilence: sendTo('heartbeat', { type: 'remind' }),
    startSync: sendTo('configSync', { type: 'config.start' }),
    reportAuthenticating: sendParent(({ context }): AttemptReport => ({
      type: 'attempt.authenticating',
      attempt: context.attempt,
    })),
    reportSyncing: sendParent(({ context, event }): AttemptReport => {
      const { gatewayVersion, gatewayHost } =
        event.type === 'auth.accepted' ? event : { gatewayVersion: '', gatewayHost: null };
      return { type: 'attempt.syncing', attempt: context.attempt, gatewayVersion, gatewayHost };
    }),
    reportOnline: sendParent(({ context }): AttemptReport => ({
      type: 'attempt.online',
      attempt: context.attempt,
      routes: context.routes,
    })),
    holdRoutes: assign(({ event }) =>
      event.type === 'control.route_status' ? { routes: event.message.routes } : {},
    ),
    reportRoutes: sendParent(({ context, event }): AttemptReport => {
      const routes = event.type === 'control.route_status' ? event.message.routes : [];
      return { type: 'attempt.routes', attempt: context.attempt, routes };
    }),
    reportAcked: sendParent(({ context, event }): AttemptReport => {
      const { revision, refused } = event.type === 'config.acked' ? event : { revision: -1, refused: [] };
      return { type: 'attempt.acked', attempt: context.attempt, revision, refused };
    }),
    reportMeasured: sendParent(({ context, event }): AttemptReport => {
      const rttMs = event.type === 'heartbeat.measured' ? event.rttMs : 0;
      return { type: 'attempt.measured', attempt: context.attempt, rttMs };
    }),
    reportSilent: sendParent(({ context }): AttemptReport => ({
      type: 'attempt.silent',
      attempt: context.attempt,
    })),
    reportHeard: sendParent(({ context }): AttemptReport => ({
      type: 'attempt.heard',
      attempt: context.attempt,
    })),
    reportTold: sendParent(({ context, event }): AttemptReport => {
      const machines = event.type === 'control.gateway_status' ? event.message.machines : [];
      return { type: 'attempt.told', attempt: context.attempt, machines };
    }),
    reportLeaving: sendParent(({ context, event }): AttemptReport => {
      const code = event.type === 'control.goaway' ? event.message.reason : 'going_away';
      return { type: 'attempt.leaving', attempt: context.attempt, code };
    }),
    reportEnded: sendParent(({ context }): AttemptReport => ({
      type: 'attempt.ended',
      attempt: context.attempt,
      code: context.code,
      detail: context.detail,
    })),
  },
}).createMachine({
  id: 'attempt',
  context: ({ input, self }) => ({
    ...input,
    attempt: input.identity.attempt,
    link: input.links.dial(input.identity.attempt, (event) => {
      // A wire that was given up still tells its end.
      if (self.getSnapshot().status === 'active') self.send(event);
    }),
    routes: null,
    code: 'wire_closed',
    detail: '',
  }),
  on: {
    'link.closed': { target: '.closed', actions: 'noteEvent' },
    'link.broken': { target: '.closed', actions: ['noteEvent', 'close'] },
    drop: { target: '.closed', actions: ['noteEvent', 'close'] },
    'config.changed': { actions: 'noteConfig' },
  },
  initial: 'dialing',
  states: {
    dialing: {
      after: {
        dialTimeout: {
          target: 'closed',
          actions: [{ type: 'note', params: { code: 'dial_timeout' } }, 'close'],
        },
      },
      on: {
        'link.opened': 'open',
        retire: { target: 'closed', actions: [{ type: 'note', params: { code: 'stopped' } }, 'close'] },
      },
    },
    open: {
      invoke: [
        {
          id: 'auth',
          src: 'auth',
          input: ({ context }) => ({
            link: context.link,
            tokens: context.tokens,
            random: context.random,
            identity: context.identity,
            version: context.version,
          }),
        },
        {
          id: 'configSync',
          src: 'configSync',
          input: ({ context }) => ({ link: context.link, config: context.config }),
        },
        { id: 'heartbeat', src: 'heartbeat', input: ({ context }) => ({ link: context.link }) },
      ],
      on: {
        'control.hello': { actions: forwardTo('auth') },
        'control.auth_result': { actions: forwardTo('auth') },
        'control.challenge': { actions: forwardTo('auth') },
        'control.config_ack': { actions: forwardTo('configSync') },
        'control.heartbeat': { actions: forwardTo('heartbeat') },
        'control.heartbeat_ack': { actions: forwardTo('heartbeat') },
        'config.changed': { actions: ['noteConfig', forwardTo('configSync')] },
        'config.acked': { actions: 'reportAcked' },
        'heartbeat.measured': { actions: 'reportMeasured' },
        'heartbeat.silent': { actions: 'reportSilent' },
        'heartbeat.heard': { actions: 'reportHeard' },
        'auth.refused': { target: 'closed', actions: ['noteEvent', 'close'] },
        'config.timedOut': {
          target: 'closed',
          actions: [{ type: 'note', params: { code: 'sync_timeout' } }, 'close'],
        },
        'heartbeat.dead': {
          target: 'closed',
          actions: [{ type: 'note', params: { code: 'peer_silent' } }, 'terminate'],
        },
        'control.gateway_status': { actions: 'reportTold' },
        'control.route_status': { actions: 'reportRoutes' },
        'control.goaway': '.leaving',
        retire: '.draining',
      },
      initial: 'handshaking',
      states: {
        handshaking: {
          entry: 'reportAuthenticating',
          after: {
            handshakeTimeout: {
              target: '#attempt.closed',
              actions: [{ type: 'note', params: { code: 'handshake_timeout' } }, 'close'],
            },
          },
          // No stream can run yet: there is nothing to stay for.
          on: {
            // Nobody shows this wire yet: held until it is online.
            'control.route_status': { actions: 'holdRoutes' },
            'control.goaway': { target: '#attempt.closed', actions: ['noteEvent', 'close'] },
            retire: {
              target: '#attempt.closed',
              actions: [{ type: 'note', params: { code: 'stopped' } }, 'close'],
            },
          },
          initial: 'authenticating',
          states: {
            authenticating: {
              on: { 'auth.accepted': { target: 'syncing', actions: ['reportSyncing', 'startSync'] } },
            },
            syncing: {
              on: { 'config.acked': { target: '#attempt.open.online', actions: 'reportAcked' } },
            },
          },
        },
        // A gateway that confirms may leave our question open all the same: then this wire is doubtful from the start.
        online: { entry: ['serve', 'reportOnline', 'remindOfSilence'] },
        // The gateway leaves: it closes the wire once the streams that run are done, and confirms nothing any more.
        leaving: {
          entry: 'reportLeaving',
          on: { 'config.changed': {}, 'config.timedOut': {} },
        },
        // We leave: the gateway opens no more streams once it hears so, those under way are served, and then it closes.
        draining: {
          entry: 'drain',
          after: {
            drainTimeout: {
              target: '#attempt.closed',
              actions: [{ type: 'note', params: { code: 'going_away' } }, 'close'],
            },
          },
          on: {
            // Both ends leave at once: the gateway closes when the streams are done.
            'control.goaway': {},
            'config.changed': {},
            'config.timedOut': {},
          },
        },
      },
    },
    closed: { entry: 'reportEnded', type: 'final' },
  },
});
