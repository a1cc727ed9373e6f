// The gateway's view of one tunnel: admitted, synced, online, renewed, drained, gone.

import { assign, forwardTo, sendTo, setup } from 'xstate';
import type { ErrorCode } from '../protocol/errors.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../protocol/limits.ts';
import type { Identity, TokenPort } from '../protocol/tokens.ts';
import { admissionMachine, type AdmissionInput } from './admission.ts';
import type { TokenEvent } from './auth.ts';
import type { Refusal } from './configSync.ts';
import type { DirectoryPort } from './directoryPort.ts';
import { heartbeatMachine, type HeartbeatReport } from './heartbeat.ts';
import type { Link, LinkEvent } from './link.ts';
import type { Random } from './random.ts';

/** A session ends this long after its last proof. Raised: a leaked token's wire lives on for longer. */
export const SESSION_LIFETIME_MS = 15 * 60_000;

/** The gateway asks for a new proof this long after the last. */
export const RENEW_AFTER_MS = 10 * 60_000;

export interface SessionInput {
  sessionId: number;
  link: Link;
  tokens: TokenPort;
  random: Random;
  wallMs: () => number;
  version: string;
  gatewayHost: string | null;
  lifetimeMs: number;
  /** Less than `lifetimeMs`. */
  renewAfterMs: number;
  drainMs: number;
  /** How long a failed proof waits for its answer. */
  refusalDelayMs: number;
  directory: DirectoryPort;
}

interface SessionContext extends SessionInput {
  identity: Identity | null;
  agentVersion: string;
  revision: number;
  rttMs: number | null;
  /** It has been published: its end is news. */
  wasOnline: boolean;
  refused: readonly Refusal[];
  /** Newcomers with our identity that wait to hear whether we live. */
  challengers: readonly number[];
  code: ErrorCode;
  /** What the wire said at its end, or the rule that was broken; empty until then. */
  detail: string;
}

export type SessionEvent =
  | LinkEvent
  | TokenEvent
  | HeartbeatReport
  | { type: 'config.applied'; revision: number; refused: readonly Refusal[] }
  /** A newcomer claims our identity: show that our agent lives. */
  | { type: 'challenged'; by: number }
  /** A newer wire took over: let the streams that run finish. */
  | { type: 'replace' }
  /** The gateway shuts down. */
  | { type: 'retire' }
  /** Ends the wire now. */
  | { type: 'drop'; code: ErrorCode };

export const sessionMachine = setup({
  types: {
    context: {} as SessionContext,
    input: {} as SessionInput,
    events: {} as SessionEvent,
  },
  actors: { admission: admissionMachine, heartbeat: heartbeatMachine },
  delays: {
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    renewAfter: ({ context }) => context.renewAfterMs,
    expiry: ({ context }) => context.lifetimeMs - context.renewAfterMs,
    drainTimeout: ({ context }) => context.drainMs,
  },
  guards: {
    isNewer: ({ context, event }) =>
      event.type === 'control.config_sync' && event.message.revision > context.revision,
  },
  actions: {
    note: assign((_, params: { code: ErrorCode }) => ({ code: params.code })),
    noteEvent: assign(({ event }) => {
      if (event.type === 'link.closed' || event.type === 'link.broken')
        return { code: event.code, detail: event.detail };
      if (event.type === 'drop') return { code: event.code };
      return {};
    }),
    close: ({ context }) => {
      context.link.close(context.code, context.detail);
    },
    terminate: ({ context }) => {
      context.link.terminate(context.code);
    },
    admit: ({ context }) => {
      context.directory.admit(context.sessionId);
    },
    punish: ({ context }) => {
      context.directory.punish(context.sessionId, context.code);
    },
    noteChallenger: assign(({ context, event }) =>
      event.type === 'challenged' ? { challengers: [...context.challengers, event.by] } : {},
    ),
    answerHeartbeat: ({ context, event }) => {
      if (event.type === 'control.heartbeat') {
        context.link.send({ type: 'heartbeat_ack', timestamp: event.message.timestamp });
      }
    },
    probe: sendTo('heartbeat', { type: 'probe' }),
    vouch: ({ context }) => {
      for (const challenger of context.challengers) context.directory.vouch(challenger);
    },
    forgetChallengers: assign({ challengers: [] }),
    apply: ({ context, event, self }) => {
      if (event.type !== 'control.config_sync') return;
      const { revision, mappings } = event.message;
      context.directory.apply(context.sessionId, revision, mappings, (refused) => {
        self.send({ type: 'config.applied', revision, refused });
      });
    },
    noteRevision: assign(({ event }) =>
      event.type === 'control.config_sync' ? { revision: event.message.revision } : {},
    ),
    noteApplied: assign(({ event }) => (event.type === 'config.applied' ? { refused: event.refused } : {})),
    noteOnline: assign({ wasOnline: true }),
    ack: ({ context, event }) => {
      if (event.type !== 'config.applied') return;
      context.link.send({ type: 'config_ack', revision: event.revision, refused: [...event.refused] });
    },
    serve: ({ context }) => {
      context.link.serve();
    },
    publish: ({ context }) => {
      if (context.identity !== null) context.directory.publish(context.sessionId, context.identity);
    },
    withdraw: ({ context }) => {
      context.directory.withdraw(context.sessionId, context.code);
    },
    drain: ({ context }) => {
      context.link.drain(context.code, 0);
    },
    finish: ({ context }) => {
      context.link.finish();
    },
    noteRoundTrip: assign(({ event }) => (event.type === 'heartbeat.measured' ? { rttMs: event.rttMs } : {})),
  },
}).createMachine({
  id: 'session',
  context: ({ input }) => ({
    ...input,
    identity: null,
    agentVersion: '',
    revision: -1,
    rttMs: null,
    wasOnline: false,
    refused: [],
    challengers: [],
    code: 'wire_closed',
    detail: '',
  }),
  on: {
    'link.closed': { target: '.closed', actions: 'noteEvent' },
    'link.broken': { target: '.closed', actions: ['noteEvent', 'close'] },
    drop: { target: '.closed', actions: ['noteEvent', 'close'] },
    retire: { target: '.closed', actions: [{ type: 'note', params: { code: 'going_away' } }, 'close'] },
  },
  initial: 'handshaking',
  states: {
    handshaking: {
      after: {
        handshakeTimeout: {
          target: 'closed',
          actions: [{ type: 'note', params: { code: 'handshake_timeout' } }, 'close'],
        },
      },
      // A slow handshake makes the agent ask: a question that stayed open would count as silence once it is online.
      on: { 'control.heartbeat': { actions: 'answerHeartbeat' } },
      initial: 'authenticating',
      states: {
        authenticating: {
          invoke: {
            id: 'admission',
            src: 'admission',
            input: ({ context }) => admissionInput(context, 'hello'),
            onDone: [
              {
                guard: ({ event }) => event.output.ok,
                target: 'syncing',
                actions: [
                  'admit',
                  assign(({ event }) =>
                    event.output.ok
                      ? { identity: event.output.identity, agentVersion: event.output.agentVersion }
                      : {},
                  ),
                ],
              },
              {
                target: '#session.closed',
                actions: [
                  assign(({ event }) => (event.output.ok ? {} : { code: event.output.code })),
                  'punish',
                  'close',
                ],
              },
            ],
          },
          on: { 'control.auth': { actions: forwardTo('admission') } },
        },
        syncing: {
          on: {
            'control.config_sync': { guard: 'isNewer', actions: ['noteRevision', 'apply'] },
            'config.applied': {
              target: '#session.online',
              actions: ['noteApplied', 'noteOnline', 'serve', 'publish', 'ack'],
            },
          },
        },
      },
    },
    online: {
      invoke: { id: 'heartbeat', src: 'heartbeat', input: ({ context }) => ({ link: context.link }) },
      on: {
        'control.config_sync': { guard: 'isNewer', actions: ['noteRevision', 'apply'] },
        'config.applied': { actions: ['noteApplied', 'ack'] },
        'control.heartbeat': { actions: forwardTo('heartbeat') },
        'control.heartbeat_ack': { actions: forwardTo('heartbeat') },
        'heartbeat.measured': { actions: ['noteRoundTrip', 'vouch', 'forgetChallengers'] },
        challenged: { actions: ['noteChallenger', 'probe'] },
        'heartbeat.dead': {
          target: 'closed',
          actions: [{ type: 'note', params: { code: 'peer_silent' } }, 'terminate'],
        },
        retire: { target: '.draining', actions: { type: 'note', params: { code: 'going_away' } } },
        replace: { target: '.draining', actions: { type: 'note', params: { code: 'replaced' } } },
        // The agent leaves: we close the wire once the streams that run, and those it has not heard of yet, are done.
        'control.goaway': { target: '.left', actions: { type: 'note', params: { code: 'going_away' } } },
      },
      initial: 'fresh',
      states: {
        fresh: {
          after: { renewAfter: 'renewing' },
        },
        renewing: {
          invoke: {
            id: 'admission',
            src: 'admission',
            input: ({ context }) => admissionInput(context, 'challenge'),
            onDone: [
              {
                guard: ({ context, event }) =>
                  event.output.ok && isSame(event.output.identity, context.identity),
                target: 'fresh',
              },
              {
                target: '#session.closed',
                actions: [{ type: 'note', params: { code: 'auth_failed' } }, 'close'],
              },
            ],
          },
          after: {
            expiry: {
              target: '#session.closed',
              actions: [{ type: 'note', params: { code: 'auth_expired' } }, 'close'],
            },
          },
          on: { 'control.auth': { actions: forwardTo('admission') } },
        },
        left: {
          // Whoever waits for its identity may have it.
          entry: ['withdraw', 'forgetChallengers', 'finish'],
          after: { drainTimeout: { target: '#session.closed', actions: 'close' } },
          on: {
            'link.idle': { target: '#session.closed', actions: 'close' },
            // It crossed the goaway: a wire that takes no new streams publishes nothing either.
            'control.config_sync': {},
          },
        },
        draining: {
          entry: ['withdraw', 'drain', 'finish'],
          after: { drainTimeout: { target: '#session.closed', actions: 'close' } },
          on: {
            'link.idle': { target: '#session.closed', actions: 'close' },
            // We leave already; an agent that leaves as well closes when its streams are done, as we do.
            retire: {},
            replace: {},
            'control.goaway': {},
            'control.config_sync': {},
          },
        },
      },
    },
    closed: { entry: 'withdraw', type: 'final' },
  },
});

function admissionInput(context: SessionContext, opening: AdmissionInput['opening']): AdmissionInput {
  const {
    directory,
    sessionId,
    link,
    tokens,
    random,
    wallMs,
    version,
    gatewayHost,
    lifetimeMs,
    refusalDelayMs,
  } = context;
  return {
    link,
    tokens,
    random,
    wallMs,
    version,
    gatewayHost,
    lifetimeMs,
    refusalDelayMs,
    opening,
    claim: (identity, report) => {
      directory.claim(sessionId, identity, report);
    },
    takeOver: (identity) => {
      directory.takeOver(sessionId, identity);
    },
  };
}

function isSame(a: Identity, b: Identity | null): boolean {
  return (
    b !== null &&
    a.agentId === b.agentId &&
    a.epoch === b.epoch &&
    a.slot === b.slot &&
    a.attempt === b.attempt
  );
}
