// Owns the tests of how each end tells a living peer from a silent one.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heartbeatMachine } from '../../machines/heartbeat.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import { RecordingLink } from './recordingLink.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(heartbeatMachine);

function listening() {
  const clock = new SimulatedClock();
  const link = new RecordingLink(() => clock.nowMs());
  link.received = 7;
  const { actor, reports } = stage(heartbeatMachine, { link }, coverage.inspect, clock);
  return { clock, link, actor, reports, state: () => actor.getSnapshot().value };
}

/** Steps from timer to timer up to `untilMs` and lists what happened when. */
function chronicle({ clock, link, reports }: ReturnType<typeof listening>, untilMs: number): string[] {
  const happened: string[] = [];
  for (let due = clock.nextDueMs; due !== null && due <= untilMs; due = clock.nextDueMs) {
    clock.runNext();
    for (const message of link.sent()) happened.push(`${due} ${message.type}`);
    for (const { type } of reports()) happened.push(`${due} ${type}`);
  }
  return happened;
}

test('silence is asked about after 2 s, reported after 3 s, asked again every 2 s and death after 12 s', () => {
  const peer = listening();
  expect(chronicle(peer, 60_000)).toEqual([
    '2000 heartbeat',
    '3000 heartbeat.silent',
    '4000 heartbeat',
    '6000 heartbeat',
    '8000 heartbeat',
    '10000 heartbeat',
    '12000 heartbeat.dead',
  ]);
  expect(peer.actor.getSnapshot().status).toBe('done');
  expect(peer.clock.pending).toBe(0);
});

test('who begins to listen is told again of a silence that lasts, and of nothing else', () => {
  const peer = listening();
  peer.actor.send({ type: 'remind' });
  expect(chronicle(peer, 3_000)).toEqual(['2000 heartbeat', '3000 heartbeat.silent']);
  peer.actor.send({ type: 'remind' });
  expect(peer.reports()).toEqual([{ type: 'heartbeat.silent' }]);
  expect(chronicle(peer, 4_000)).toEqual(['4000 heartbeat']);
});

test('any received byte within two seconds keeps the link lively and unasked, and listening goes on', () => {
  const peer = listening();
  for (let round = 1; round <= 10; round += 1) {
    expect(chronicle(peer, round * 1_900)).toEqual([]);
    peer.link.received += 1;
  }
  expect(peer.state()).toBe('lively');
  expect(chronicle(peer, 22_000)).toEqual(['21500 heartbeat']);
});

/** An answer arrives, and its bytes with it. */
function answered({ actor, link, reports }: ReturnType<typeof listening>): void {
  link.received += 1;
  actor.send(arrived({ type: 'heartbeat_ack', timestamp: 0 }));
  expect(reports()).toMatchObject([{ type: 'heartbeat.measured' }]);
}

/** As `chronicle`, with a byte before every tick: they arrive all the time. */
function chronicleWithBytes(peer: ReturnType<typeof listening>, untilMs: number): string[] {
  const happened: string[] = [];
  for (let due = peer.clock.nextDueMs; due !== null && due <= untilMs; due = peer.clock.nextDueMs) {
    peer.link.received += 1;
    happened.push(...chronicle(peer, due));
  }
  return happened;
}

test('an answer ends the quiet without any report, and silence counts anew', () => {
  const peer = listening();
  expect(chronicle(peer, 2_600)).toEqual(['2000 heartbeat']);
  answered(peer);
  expect(chronicle(peer, 3_000)).toEqual([]);
  expect(peer.state()).toBe('lively');
  expect(chronicle(peer, 6_000)).toEqual(['5000 heartbeat', '6000 heartbeat.silent']);
});

test('a byte after the question ends the quiet, but not the wait for the answer', () => {
  const peer = listening();
  chronicle(peer, 2_500);
  peer.link.received += 1;
  expect([chronicle(peer, 3_000), peer.state()]).toEqual([[], 'lively']);
  expect(chronicle(peer, 5_500)).toEqual(['5000 heartbeat.silent', '5500 heartbeat']);
});

test('where bytes arrive but no answer, silence is reported after 3 s, asked about every 2 s, and death after 12 s', () => {
  const peer = listening();
  chronicle(peer, 2_000);
  expect(chronicleWithBytes(peer, 60_000)).toEqual([
    '5000 heartbeat.silent',
    '5500 heartbeat',
    '7500 heartbeat',
    '9500 heartbeat',
    '11500 heartbeat',
    '13500 heartbeat',
    '14000 heartbeat.dead',
  ]);
  expect(peer.actor.getSnapshot().status).toBe('done');
  expect(peer.clock.pending).toBe(0);
});

test.each([
  ['asked back', arrived({ type: 'heartbeat', timestamp: 1 })],
  ['asked for somebody', { type: 'probe' }],
] as const)('a question that was %s between two ticks has its full 3 s, and 12 s, as well', (_, event) => {
  const peer = listening();
  chronicleWithBytes(peer, 1_000);
  peer.clock.runUntil(1_499);
  peer.actor.send(event);
  peer.link.calls();
  expect(chronicleWithBytes(peer, 4_499)).toEqual([]);
  expect(chronicleWithBytes(peer, 4_500)).toEqual(['4500 heartbeat.silent']);
  const later = chronicleWithBytes(peer, 60_000);
  expect(later.slice(0, 2)).toEqual(['5000 heartbeat', '7000 heartbeat']);
  expect(later.at(-1)).toBe('13500 heartbeat.dead');
});

test('asking again does not make a peer less silent: the first question that is open counts', () => {
  const peer = listening();
  for (const askedMs of [1_499, 2_999]) {
    chronicleWithBytes(peer, askedMs);
    peer.clock.runUntil(askedMs);
    peer.actor.send({ type: 'probe' });
    peer.link.calls();
  }
  expect(chronicleWithBytes(peer, 4_499)).toEqual([]);
  expect(chronicleWithBytes(peer, 4_500)).toEqual(['4500 heartbeat.silent']);
});

test.each([2_500, 4_500, 6_000, 13_500])(
  'an answer after %d ms ends the silence of a wire on which bytes arrive, and a later question counts anew',
  (answeredMs) => {
    const peer = listening();
    chronicle(peer, 2_000);
    const wasSilent = chronicleWithBytes(peer, answeredMs).includes('5000 heartbeat.silent');
    expect(wasSilent).toBe(answeredMs > 5_000);
    answered(peer);
    const heard = wasSilent ? [`${answeredMs + 500} heartbeat.heard`] : [];
    expect(chronicleWithBytes(peer, 30_000)).toEqual(heard);
    expect(peer.state()).toBe('lively');
    peer.actor.send({ type: 'probe' });
    peer.link.calls();
    expect(chronicleWithBytes(peer, 33_499)).toEqual([]);
    expect(chronicleWithBytes(peer, 33_500)).toEqual(['33500 heartbeat.silent']);
  },
);

test('a byte and an answer after the silence was reported are reported too, and silence counts anew', () => {
  const peer = listening();
  chronicle(peer, 11_500);
  answered(peer);
  expect(chronicle(peer, 12_000)).toEqual(['12000 heartbeat.heard']);
  expect(chronicle(peer, 15_000)).toEqual(['14000 heartbeat', '15000 heartbeat.silent']);
  expect(chronicle(peer, 24_000).at(-1)).toBe('24000 heartbeat.dead');
});

test('a counter that starts over is a sign of life as well', () => {
  const peer = listening();
  chronicle(peer, 1_500);
  peer.link.received = 0;
  chronicle(peer, 2_000);
  expect(peer.state()).toBe('lively');
});

test('a process that was suspended has not been listening: it does not call its peer dead', () => {
  const clock = new SimulatedClock();
  let sleptMs = 0;
  const link = new RecordingLink(() => clock.nowMs() + sleptMs);
  const { actor, reports } = stage(heartbeatMachine, { link }, coverage.inspect, clock);
  clock.runFor(600);
  sleptMs = 3_600_000;
  clock.runFor(500);
  expect(actor.getSnapshot().value).toBe('lively');
  expect(reports()).toEqual([]);
});

test('a heartbeat is answered with its own timestamp in every state', () => {
  const peer = listening();
  for (const untilMs of [0, 2_000, 3_000]) {
    chronicle(peer, untilMs);
    peer.actor.send(arrived({ type: 'heartbeat', timestamp: 1_234.5 }));
    // At the start it asks back too; later it has just asked itself.
    const back = untilMs === 0 ? [{ type: 'heartbeat', timestamp: 0 }] : [];
    expect(peer.link.sent()).toEqual([{ type: 'heartbeat_ack', timestamp: 1_234.5 }, ...back]);
    if (untilMs === 0) answered(peer);
  }
});

test('whoever asks is asked back, but at most every two seconds', () => {
  const peer = listening();
  const askedMs: number[] = [];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 130) {
    peer.clock.runUntil(nowMs);
    peer.link.received += 1;
    peer.actor.send(arrived({ type: 'heartbeat', timestamp: nowMs }));
    const sent = peer.link.sent();
    expect(sent.filter(({ type }) => type === 'heartbeat_ack')).toEqual([
      { type: 'heartbeat_ack', timestamp: nowMs },
    ]);
    for (const { type } of sent) if (type === 'heartbeat') askedMs.push(nowMs);
    if (sent.length > 1) answered(peer);
  }
  expect(askedMs[0]).toBe(0);
  for (const [at, laterMs] of askedMs.slice(1).entries()) {
    const gapMs = laterMs - (askedMs[at] ?? 0);
    expect(gapMs).toBeGreaterThanOrEqual(2_000);
    expect(gapMs).toBeLessThanOrEqual(2_500 + 130);
  }
});

/** Two ends with nothing to say but heartbeats: when each asked, and what each reported. */
function idlePair(offsetMs: number, latencyMs: number, untilMs: number) {
  const clock = new SimulatedClock();
  const ends = [0, 1].map(() => {
    const link = new RecordingLink(() => clock.nowMs());
    return { link, made: null as ReturnType<typeof begin> | null, askedMs: [] as number[] };
  });
  const begin = (link: RecordingLink) => stage(heartbeatMachine, { link }, coverage.inspect, clock);
  clock.setTimer(0, () => {
    if (ends[0]) ends[0].made = begin(ends[0].link);
  });
  clock.setTimer(offsetMs, () => {
    if (ends[1]) ends[1].made = begin(ends[1].link);
  });
  while ((clock.nextDueMs ?? Infinity) <= untilMs) {
    clock.runNext();
    for (const [at, { link, askedMs }] of ends.entries()) {
      const peer = ends[1 - at];
      for (const message of link.sent()) {
        if (message.type === 'heartbeat') askedMs.push(clock.nowMs());
        clock.setTimer(latencyMs, () => {
          if (!peer?.made) return;
          peer.link.received += 20;
          if (message.type === 'heartbeat') peer.made.actor.send(arrived(message));
          if (message.type === 'heartbeat_ack') peer.made.actor.send(arrived(message));
        });
      }
    }
  }
  return ends.map(({ askedMs, made }) => ({
    askedMs,
    reports: (made?.reports() ?? []).map(({ type }) => type),
  }));
}

test('two idle ends ask each other at most every 2 s each, never stop, and never call each other silent', () => {
  fc.assert(
    fc.property(fc.nat(1_900), fc.nat(400), (offsetMs, latencyMs) => {
      for (const { askedMs, reports } of idlePair(offsetMs, latencyMs, 60_000)) {
        expect(askedMs.length).toBeGreaterThanOrEqual(60_000 / 3_500 - 2);
        for (const [at, laterMs] of askedMs.slice(1).entries())
          expect(laterMs - (askedMs[at] ?? 0)).toBeGreaterThanOrEqual(2_000);
        expect(new Set(reports)).toEqual(new Set(['heartbeat.measured']));
      }
    }),
    { numRuns: 100 },
  );
});

test('an answered heartbeat measures the round trip, never below zero', () => {
  const peer = listening();
  peer.clock.runFor(40);
  peer.actor.send(arrived({ type: 'heartbeat_ack', timestamp: 10 }));
  peer.actor.send(arrived({ type: 'heartbeat_ack', timestamp: 1_000 }));
  expect(peer.reports()).toEqual([
    { type: 'heartbeat.measured', rttMs: 30 },
    { type: 'heartbeat.measured', rttMs: 0 },
  ]);
});

test('the question carries our own clock, so that its answer measures the round trip', () => {
  const peer = listening();
  peer.clock.runUntil(2_000);
  expect(peer.link.sent()).toEqual([{ type: 'heartbeat', timestamp: 2_000 }]);
});

test('somebody who wants to know makes it ask at once, in every state, and the rhythm goes on from there', () => {
  const peer = listening();
  for (const untilMs of [100, 2_100, 3_100]) {
    chronicle(peer, untilMs);
    peer.clock.runUntil(untilMs);
    peer.actor.send({ type: 'probe' });
    expect(peer.link.sent()).toEqual([{ type: 'heartbeat', timestamp: untilMs }]);
  }
  expect(chronicle(peer, 7_500)).toEqual(['5500 heartbeat', '7500 heartbeat']);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
