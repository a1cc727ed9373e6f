// Whether the peer lives: any received byte counts, heartbeats ask when nothing comes.

import { assign, sendParent, setup } from 'xstate';
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

/** While silence lasts, ask again every two seconds. */
const ASK_EVERY_TICKS = 4;

export type HeartbeatReport =
  | { type: 'heartbeat.measured'; rttMs: number }
  | { type: 'heartbeat.silent' }
  | { type: 'heartbeat.heard' }
  | { type: 'heartbeat.dead' };

export const heartbeatMachine = setup({
  types: {
    context: {} as { link: Link; seenBytes: number; quietTicks: number },
    input: {} as { link: Link },
    events: {} as
      | Extract<ControlEvent, { type: 'control.heartbeat' | 'control.heartbeat_ack' }>
      /** Ask now: somebody wants to know. */
      | { type: 'probe' },
  },
  delays: { tick: HEARTBEAT_TICK_MS },
  guards: {
    heardSomething: ({ context }) => context.link.receivedBytes() !== context.seenBytes,
    becomesQuiet: ({ context }) => context.quietTicks + 1 >= QUIET_TICKS,
    becomesSilent: ({ context }) => context.quietTicks + 1 >= SILENT_TICKS,
    becomesDead: ({ context }) => context.quietTicks + 1 >= DEAD_TICKS,
    isTimeToAsk: ({ context }) => (context.quietTicks + 1) % ASK_EVERY_TICKS === 0,
  },
  actions: {
    noteSound: assign({ seenBytes: ({ context }) => context.link.receivedBytes(), quietTicks: 0 }),
    countSilence: assign({ quietTicks: ({ context }) => context.quietTicks + 1 }),
    ask: ({ context }) => {
      context.link.send({ type: 'heartbeat', timestamp: context.link.nowMs() });
    },
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
  context: ({ input }) => ({ link: input.link, seenBytes: input.link.receivedBytes(), quietTicks: 0 }),
  on: {
    'control.heartbeat': { actions: 'answer' },
    'control.heartbeat_ack': { actions: 'reportRoundTrip' },
    probe: { actions: 'ask' },
  },
  initial: 'lively',
  states: {
    lively: {
      after: {
        tick: [
          { guard: 'heardSomething', target: 'lively', reenter: true, actions: 'noteSound' },
          { guard: 'becomesQuiet', target: 'quiet', actions: 'countSilence' },
          { target: 'lively', reenter: true, actions: 'countSilence' },
        ],
      },
    },
    quiet: {
      entry: 'ask',
      initial: 'waiting',
      states: {
        waiting: {
          after: {
            tick: [
              { guard: 'heardSomething', target: '#heartbeat.lively', actions: 'noteSound' },
              { guard: 'becomesSilent', target: '#heartbeat.silent', actions: 'countSilence' },
              { target: 'waiting', reenter: true, actions: 'countSilence' },
            ],
          },
        },
      },
    },
    silent: {
      entry: 'reportSilent',
      initial: 'waiting',
      states: {
        waiting: {
          after: {
            tick: [
              { guard: 'heardSomething', target: '#heartbeat.lively', actions: ['noteSound', 'reportHeard'] },
              { guard: 'becomesDead', target: '#heartbeat.dead', actions: 'countSilence' },
              { guard: 'isTimeToAsk', target: 'waiting', reenter: true, actions: ['countSilence', 'ask'] },
              { target: 'waiting', reenter: true, actions: 'countSilence' },
            ],
          },
        },
      },
    },
    dead: { entry: 'reportDead', type: 'final' },
  },
});
