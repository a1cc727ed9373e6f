// Tells the gateway which mappings exist: one revision under way at a time, the newest next, older ones superseded.

import { assign, sendParent, setup } from 'xstate';
import type { ControlOf } from '../protocol/control.ts';
import type { WireMapping } from '../protocol/mapping.ts';
import type { ControlEvent, Link } from './link.ts';

/** How long a gateway may take to confirm a revision. Raised: a stuck gateway holds an agent longer. */
export const ACK_TIMEOUT_MS = 10_000;

/** All enabled mappings of one revision. */
export interface ConfigSnapshot {
  readonly revision: number;
  readonly mappings: readonly WireMapping[];
}

export type Refusal = ControlOf<'config_ack'>['refused'][number];

export type ConfigReport =
  | { type: 'config.acked'; revision: number; refused: readonly Refusal[] }
  | { type: 'config.timedOut' };

export interface ConfigChanged {
  type: 'config.changed';
  config: ConfigSnapshot;
}

export const configSyncMachine = setup({
  types: {
    context: {} as { link: Link; wanted: ConfigSnapshot; sentRevision: number; refused: readonly Refusal[] },
    input: {} as { link: Link; config: ConfigSnapshot },
    events: {} as
      | { type: 'config.start' }
      | ConfigChanged
      | Extract<ControlEvent, { type: 'control.config_ack' }>,
  },
  delays: { ackTimeout: ACK_TIMEOUT_MS },
  guards: {
    isNewer: ({ context, event }) =>
      event.type === 'config.changed' && event.config.revision > context.wanted.revision,
    acksSent: ({ context, event }) =>
      event.type === 'control.config_ack' && event.message.revision === context.sentRevision,
    isSuperseded: ({ context }) => context.wanted.revision > context.sentRevision,
  },
  actions: {
    want: assign(({ event }) => (event.type === 'config.changed' ? { wanted: event.config } : {})),
    send: ({ context }) => {
      const { revision, mappings } = context.wanted;
      context.link.send({ type: 'config_sync', revision, mappings: [...mappings] });
    },
    noteSent: assign({ sentRevision: ({ context }) => context.wanted.revision }),
    noteAck: assign(({ event }) =>
      event.type === 'control.config_ack' ? { refused: event.message.refused } : {},
    ),
    reportAck: sendParent(({ context }): ConfigReport => ({
      type: 'config.acked',
      revision: context.sentRevision,
      refused: context.refused,
    })),
    reportTimeout: sendParent((): ConfigReport => ({ type: 'config.timedOut' })),
  },
}).createMachine({
  id: 'configSync',
  context: ({ input }) => ({ link: input.link, wanted: input.config, sentRevision: -1, refused: [] }),
  on: {
    'config.changed': { guard: 'isNewer', actions: 'want' },
  },
  initial: 'idle',
  states: {
    idle: {
      on: { 'config.start': 'awaitingAck' },
    },
    awaitingAck: {
      entry: ['noteSent', 'send'],
      after: { ackTimeout: 'overdue' },
      on: {
        'control.config_ack': [{ guard: 'acksSent', target: 'acked', actions: ['noteAck', 'reportAck'] }],
      },
    },
    acked: {
      // Said again when a name that another agent held has become ours, or the other way round.
      on: { 'control.config_ack': { guard: 'acksSent', actions: ['noteAck', 'reportAck'] } },
      always: { guard: 'isSuperseded', target: 'awaitingAck' },
    },
    overdue: { entry: 'reportTimeout', type: 'final' },
  },
});
