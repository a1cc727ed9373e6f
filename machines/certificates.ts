// When names are looked at for their certificates: a few at a time, the new ones first, until each has one and again for its renewal.

import { and, assign, not, setup } from 'xstate';
import { ProbeSchedule, type DueName, type ProbeResult } from './probeSchedule.ts';

/** Names looked at side by side. Raised: a Caddy with thousands of names is busy with our handshakes when it starts. */
export const MAX_PROBES = 8;

export interface CertificatesInput {
  /** Monotonic milliseconds. */
  nowMs: () => number;
  /**
   * Looks at one name, of which `tries` looks in a row found no certificate; tells, never from inside the call. What is
   * told of a name that is not wanted any more does no harm.
   */
  probe: (name: string, tries: number, report: (result: ProbeResult) => void) => void;
}

export type CertificatesEvent =
  /** These names and no others from now on. */
  | { type: 'names.wanted'; names: readonly string[] }
  /** What was seen of these may have changed. All at once: each event has all names looked through. */
  | { type: 'names.moved'; names: readonly string[] }
  | { type: 'probe.ended'; name: string; result: ProbeResult };

export const certificatesMachine = setup({
  types: {
    context: {} as CertificatesInput & { schedule: ProbeSchedule; chosen: readonly DueName[] },
    input: {} as CertificatesInput,
    events: {} as CertificatesEvent,
  },
  delays: { untilDue: ({ context }) => context.schedule.waitMs() },
  guards: {
    isDue: ({ context }) => context.schedule.hasDue,
    hasRoom: ({ context }) => context.schedule.countUnderWay < MAX_PROBES,
    isAwaited: ({ context }) => context.schedule.waitMs() < Infinity,
  },
  actions: {
    // The schedule is edited in place: thousands of names would be copied at each look. In `assign`, as guards read it
    // before other actions are carried out.
    want: assign(({ context, event }) => {
      if (event.type === 'names.wanted') context.schedule.want(event.names);
      return {};
    }),
    hurry: assign(({ context, event }) => {
      if (event.type === 'names.moved') for (const name of event.names) context.schedule.hurry(name);
      return {};
    }),
    noteEnd: assign(({ context, event }) => {
      if (event.type === 'probe.ended') context.schedule.end(event.name, event.result);
      return {};
    }),
    choose: assign({ chosen: ({ context }) => context.schedule.begin(MAX_PROBES) }),
    probe: ({ context, self }) => {
      for (const { name, tries } of context.chosen)
        context.probe(name, tries, (result) => self.send({ type: 'probe.ended', name, result }));
    },
  },
}).createMachine({
  id: 'certificates',
  context: ({ input }) => ({ ...input, schedule: new ProbeSchedule(input.nowMs), chosen: [] }),
  initial: 'idle',
  on: {
    'names.wanted': { target: '.choosing', actions: 'want' },
    'names.moved': { target: '.choosing', actions: 'hurry' },
    'probe.ended': { target: '.choosing', actions: 'noteEnd' },
  },
  states: {
    // No name, or all of them are being looked at.
    idle: {},
    choosing: {
      always: [
        { guard: and(['isDue', 'hasRoom']), actions: ['choose', 'probe'] },
        // Asked again for both: time passes between guards too, and nobody would end a wait for nothing.
        { guard: and(['isDue', not('hasRoom')]), target: 'crowded' },
        { guard: 'isAwaited', target: 'resting' },
        { target: 'idle' },
      ],
    },
    // Names are due, and wait for one that is being looked at.
    crowded: {},
    resting: { after: { untilDue: 'choosing' } },
  },
});
