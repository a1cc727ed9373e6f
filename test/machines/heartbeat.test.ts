// Owns the tests of how each end tells a living peer from a silent one.

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

test('any received byte within two seconds keeps the link lively and unasked, and listening goes on', () => {
  const peer = listening();
  for (let round = 1; round <= 10; round += 1) {
    expect(chronicle(peer, round * 1_900)).toEqual([]);
    peer.link.received += 1;
  }
  expect(peer.state()).toBe('lively');
  expect(chronicle(peer, 22_000)).toEqual(['21500 heartbeat']);
});

test('a byte after the question ends the quiet without any report, and silence counts anew', () => {
  const peer = listening();
  expect(chronicle(peer, 2_600)).toEqual(['2000 heartbeat']);
  peer.link.received += 1;
  expect(chronicle(peer, 3_000)).toEqual([]);
  expect(peer.state()).toBe('lively');
  expect(chronicle(peer, 6_000)).toEqual(['5000 heartbeat', '6000 heartbeat.silent']);
});

test('a byte after the silence was reported is reported too, and silence counts anew', () => {
  const peer = listening();
  chronicle(peer, 11_500);
  peer.link.received += 1;
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
    expect(peer.link.sent()).toEqual([{ type: 'heartbeat_ack', timestamp: 1_234.5 }]);
  }
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

test('somebody who wants to know makes it ask at once, in every state, and the rhythm stays', () => {
  const peer = listening();
  for (const untilMs of [100, 2_100, 3_100]) {
    chronicle(peer, untilMs);
    peer.clock.runUntil(untilMs);
    peer.actor.send({ type: 'probe' });
    expect(peer.link.sent()).toEqual([{ type: 'heartbeat', timestamp: untilMs }]);
  }
  expect(chronicle(peer, 5_000)).toEqual(['4000 heartbeat']);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
