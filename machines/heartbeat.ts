// Whether the peer lives and hears us: any received byte counts, heartbeats ask, and a question wants its answer.

import { and, assign, sendParent, setup } from 'xstate';
import type { ControlEvent, Link } from './link.ts';

/**
 * Silence is counted in ticks of our own running, not in clock time: a suspended process or a jumping clock has not
 * been listening, so it must not call its peer silent.
 */
export const HEARTBEAT_TICK_MS = 500;

/** Two seconds without a byte: ask. Raised: a silent peer is noticed later. */
export const QUIET_TICKS = 4;

/** Three seconds: the agent dials in parallel. Raised: recovery from a half-open wire starts later. */
export const SILENT_TICKS = 6;

/** Twelve seconds: dead. Lowered: a link that loses packets for ten seconds loses its streams too. */
export const DEAD_TICKS = 24;

/** While silence lasts, ask again every two seconds. A peer that asks us is asked back no more often than this. */
const ASK_EVERY_TICKS = 4;

export type HeartbeatReport =
  | { type: 'heartbeat.measured'; rttMs: number }
  | { type: 'heartbeat.silent' }
  | { type: 'heartbeat.heard' }
  | { type: 'heartbeat.dead' };

interface HeartbeatContext {
  link: Link;
  seenBytes: number;
  /** Ticks without a byte. */
  quietTicks: number;
  /** Ticks since we asked last. */
  askedTicks: number;
  /** Ticks that the oldest question has waited for an answer; null when none is open. */
  unansweredTicks: number | null;
}

/**
 * Bytes that arrive prove that we hear the peer, only an answer proves that it hears us: where one direction alone is
 * dead, the end that still hears would never notice. So a question that stays open counts as silence too, and whoever
 * is asked asks back.
 */
export const heartbeatMachine = setup({
  types: {
    context: {} as HeartbeatContext,
    input: {} as { link: Link },
    events: {} as
      | Extract<ControlEvent, { type: 'control.heartbeat' | 'control.heartbeat_ack' }>
      /** Ask now: somebody wants to know. */
      | { type: 'probe' }
      /** Somebody listens from now on: a silence that began before is told again. */
      | { type: 'remind' },
  },
  delays: { tick: HEARTBEAT_TICK_MS },
  guards: {
    isQuiet: ({ context }) => tick(context).quietTicks >= QUIET_TICKS,
    isSilent: ({ context }) => silenceAfterTick(context) >= SILENT_TICKS,
    isDead: ({ context }) => silenceAfterTick(context) >= DEAD_TICKS,
    isTimeToAsk: ({ context }) => tick(context).askedTicks >= ASK_EVERY_TICKS,
    mayAskBack: ({ context }) => context.askedTicks >= ASK_EVERY_TICKS,
  },
  actions: {
    tick: assign(({ context }) => tick(context)),
    ask: ({ context }) => {
      context.link.send({ type: 'heartbeat', timestamp: context.link.nowMs() });
    },
    noteAsked: assign({ askedTicks: 0, unansweredTicks: ({ context }) => context.unansweredTicks ?? 0 }),
    /** The tick under way began before the question: it does not count. */
    noteAskedMidTick: assign({
      askedTicks: -1,
      unansweredTicks: ({ context }) => context.unansweredTicks ?? -1,
    }),
    noteAnswer: assign({ unansweredTicks: null }),
    answer: ({ context, event }) => {
      if (event.type === 'control.heartbeat') {
        context.link.send({ type: 'heartbeat_ack', timestamp: event.message.timestamp });
      }
    },
    reportRoundTrip: sendParent(({ context, event }): HeartbeatReport => {
      const sentMs = event.type === 'control.heartbeat_ack' ? event.message.timestamp : context.link.nowMs();
      return { type: 'heartbeat.measured', rttMs: Math.max(0, context.link.nowMs() - sentMs) };
    }),
    reportSilent: sendParent((): HeartbeatReport => ({ type: 'heartbeat.silent' })),
    reportHeard: sendParent((): HeartbeatReport => ({ type: 'heartbeat.heard' })),
    reportDead: sendParent((): HeartbeatReport => ({ type: 'heartbeat.dead' })),
  },
}).createMachine({
  id: 'heartbeat',
  context: ({ input }) => ({
    link: input.link,
    seenBytes: input.link.receivedBytes(),
    quietTicks: 0,
    askedTicks: ASK_EVERY_TICKS,
    unansweredTicks: null,
  }),
  on: {
    'control.heartbeat': [
      { guard: 'mayAskBack', actions: ['answer', 'ask', 'noteAskedMidTick'] },
      { actions: 'answer' },
    ],
    'control.heartbeat_ack': { actions: ['noteAnswer', 'reportRoundTrip'] },
    probe: { actions: ['ask', 'noteAskedMidTick'] },
  },
  initial: 'lively',
  states: {
    lively: {
      after: {
        tick: [
          { guard: 'isSilent', target: 'silent', actions: 'tick' },
          { guard: 'isQuiet', target: 'quiet', actions: 'tick' },
          { target: 'lively', reenter: true, actions: 'tick' },
        ],
      },
    },
    quiet: {
      entry: ['ask', 'noteAsked'],
      initial: 'waiting',
      states: {
        waiting: {
          after: {
            tick: [
              { guard: 'isSilent', target: '#heartbeat.silent', actions: 'tick' },
              { guard: 'isQuiet', target: 'waiting', reenter: true, actions: 'tick' },
              { target: '#heartbeat.lively', actions: 'tick' },
            ],
          },
        },
      },
    },
    silent: {
      entry: 'reportSilent',
      on: { remind: { actions: 'reportSilent' } },
      initial: 'waiting',
      states: {
        waiting: {
          after: {
            tick: [
              { guard: 'isDead', target: '#heartbeat.dead', actions: 'tick' },
              {
                guard: and(['isSilent', 'isTimeToAsk']),
                target: 'waiting',
                reenter: true,
                actions: ['tick', 'ask', 'noteAsked'],
              },
              { guard: 'isSilent', target: 'waiting', reenter: true, actions: 'tick' },
              { target: '#heartbeat.lively', actions: ['tick', 'reportHeard'] },
            ],
          },
        },
      },
    },
    dead: { entry: 'reportDead', type: 'final' },
  },
});

/** One tick later: what was heard meanwhile ends the quiet, an open question has waited longer. */
function tick(context: HeartbeatContext) {
  const seenBytes = context.link.receivedBytes();
  return {
    seenBytes,
    quietTicks: seenBytes === context.seenBytes ? context.quietTicks + 1 : 0,
    askedTicks: context.askedTicks + 1,
    unansweredTicks: context.unansweredTicks === null ? null : context.unansweredTicks + 1,
  };
}

function silenceAfterTick(context: HeartbeatContext): number {
  const { quietTicks, unansweredTicks } = tick(context);
  return Math.max(quietTicks, unansweredTicks ?? 0);
}
