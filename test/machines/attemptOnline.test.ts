// Owns the tests of one wire of the agent once it is online: changes, silence, renewal, and how it is left.

import { expect, test } from 'vitest';
import { attemptMachine } from '../../machines/attempt.ts';
import { arrived } from './arrived.ts';
import * as stages from './attemptStage.ts';
import { ATTEMPT, closing, expectEnd, mapping } from './attemptStage.ts';
import { TransitionCoverage } from './coverage.ts';

const coverage = new TransitionCoverage(attemptMachine);
const online = () => stages.online(coverage.inspect);

test('a config that changes online is told at once, and its confirmation reported', () => {
  const { wire, actor, reports } = online();
  actor.send({ type: 'config.changed', config: { revision: 2, mappings: [] } });
  expect(wire.sent()).toEqual([{ type: 'config_sync', revision: 2, mappings: [] }]);
  expect(actor.getSnapshot().context.config.revision).toBe(2);
  wire.confirm(2);
  expect(reports()).toEqual([{ type: 'attempt.acked', attempt: ATTEMPT, revision: 2, refused: [] }]);
});

test('a change that is not confirmed within ten seconds ends the wire', () => {
  const made = online();
  made.actor.send({ type: 'config.changed', config: { revision: 2, mappings: [] } });
  for (let nowMs = 1_000; nowMs <= 10_000; nowMs += 1_000) {
    made.clock.runUntil(nowMs - 1);
    made.wire.received += 1;
    expect(made.said()).toEqual([]);
  }
  made.clock.runUntil(10_000);
  expectEnd(made, 'sync_timeout', [closing('sync_timeout')]);
});

test('silence is reported after three seconds, its end too, and after twelve the wire is dropped unasked', () => {
  const made = online();
  made.clock.runUntil(500);
  made.clock.runUntil(3_499);
  expect(made.said()).toEqual([]);
  made.clock.runUntil(3_500);
  expect(made.reports()).toEqual([{ type: 'attempt.silent', attempt: ATTEMPT }]);
  made.wire.received += 1;
  made.clock.runUntil(3_750);
  made.wire.arrives(arrived({ type: 'heartbeat_ack', timestamp: 2_500 }));
  made.clock.runUntil(4_000);
  expect(made.reports()).toEqual([
    { type: 'attempt.measured', attempt: ATTEMPT, rttMs: 1_250 },
    { type: 'attempt.heard', attempt: ATTEMPT },
  ]);
  made.clock.runUntil(15_999);
  expect(made.said()).toEqual(['attempt.silent']);
  made.clock.runUntil(16_000);
  expectEnd(made, 'peer_silent', [{ do: 'terminate', code: 'peer_silent' }]);
});

test('heartbeats are answered and asked back, and those that come back measure the round trip', () => {
  const { wire, clock, reports } = online();
  wire.arrives(arrived({ type: 'heartbeat', timestamp: 99 }));
  expect(wire.sent()).toEqual([
    { type: 'heartbeat_ack', timestamp: 99 },
    { type: 'heartbeat', timestamp: 0 },
  ]);
  clock.runUntil(30);
  wire.arrives(arrived({ type: 'heartbeat_ack', timestamp: 10 }));
  expect(reports()).toEqual([{ type: 'attempt.measured', attempt: ATTEMPT, rttMs: 20 }]);
});

test('a challenge is answered in place: the wire stays online, the mappings are not told again', () => {
  const { wire, actor, clock, said } = online();
  const nonce = 'renewalrenewalrenewal1';
  wire.arrives(arrived({ type: 'challenge', nonce, wallMs: clock.wallMs() }));
  clock.settle();
  expect(wire.accept(nonce)).toMatchObject([{ message: { type: 'auth' } }]);
  expect(wire.calls()).toEqual([]);
  expect(said()).toEqual([]);
  expect(actor.getSnapshot().matches({ open: 'online' })).toBe(true);
});

test('what the gateway tells of its session is reported as it came', () => {
  const { wire, reports } = online();
  wire.tell('online.fresh');
  const machines = [
    { id: 'session.1', machine: 'session', state: 'online.fresh', sinceMs: 0, transitions: [] },
  ];
  expect(reports()).toEqual([{ type: 'attempt.told', attempt: ATTEMPT, machines }]);
  expect(wire.calls()).toEqual([]);
});

test('what the gateway tells of routes is reported as it came', () => {
  const { wire, reports } = online();
  const route = { id: mapping.id, state: 'applied' as const, reason: '' };
  wire.tellRoutes(route);
  wire.tellRoutes();
  expect(reports()).toEqual([
    { type: 'attempt.routes', attempt: ATTEMPT, routes: [route] },
    { type: 'attempt.routes', attempt: ATTEMPT, routes: [] },
  ]);
});

test('a gateway that leaves is reported with its reason, and the wire stays for the streams that run', () => {
  const { wire, reports, clock } = online();
  wire.leave('replaced');
  expect(reports()).toEqual([{ type: 'attempt.leaving', attempt: ATTEMPT, code: 'replaced' }]);
  wire.arrives(arrived({ type: 'heartbeat', timestamp: 1 }));
  expect(wire.sent()).toEqual([
    { type: 'heartbeat_ack', timestamp: 1 },
    { type: 'heartbeat', timestamp: 0 },
  ]);
  clock.runFor(1_000);
  wire.break();
  expect(reports()).toMatchObject([{ type: 'attempt.ended', code: 'wire_closed' }]);
  expect(clock.pending).toBe(0);
});

test('retired online, it says so and serves on until the gateway closes the wire', () => {
  const made = online();
  made.actor.send({ type: 'retire' });
  expect(made.wire.calls()).toEqual([{ do: 'drain', reason: 'going_away', retryAfterMs: 0 }]);
  made.clock.runFor(1_000);
  expect(made.said()).toEqual([]);
  made.wire.break('going_away');
  expectEnd(made, 'going_away', []);
});

test('draining ends after its time, whatever still runs', () => {
  const made = online();
  made.actor.send({ type: 'retire' });
  made.wire.calls();
  made.clock.runUntil(4_999);
  expect(made.said()).not.toContain('attempt.ended');
  made.clock.runUntil(5_000);
  expectEnd(made, 'going_away', [closing('going_away')]);
});

const leavings: [string, (made: ReturnType<typeof online>) => void][] = [
  ['the gateway leaves', (made) => made.wire.leave()],
  ['we leave', (made) => made.actor.send({ type: 'retire' })],
];

test.each(leavings)(
  'once %s, a change is not told on this wire, though nothing is left to confirm',
  (_, leave) => {
    const made = online();
    leave(made);
    made.wire.calls();
    made.actor.send({ type: 'config.changed', config: { revision: 2, mappings: [] } });
    expect(made.wire.calls()).toEqual([]);
  },
);

test.each(leavings)(
  'once %s, no change is told on this wire, and none that it was told has to be confirmed',
  (_, leave) => {
    const made = online();
    const change = (revision: number) =>
      made.actor.send({ type: 'config.changed', config: { revision, mappings: [] } });
    change(2);
    made.clock.runUntil(6_000);
    leave(made);
    made.wire.calls();
    change(3);
    made.clock.runUntil(10_900);
    expect(made.wire.sent().filter(({ type }) => type === 'config_sync')).toEqual([]);
    expect(made.said()).not.toContain('attempt.ended');
  },
);

test('when both ends leave at once, it still waits for the gateway to close', () => {
  const made = online();
  made.actor.send({ type: 'retire' });
  made.wire.calls();
  made.wire.leave();
  expect(made.said()).toEqual([]);
  made.wire.break('going_away');
  expectEnd(made, 'going_away', []);
});

test('every transition from online on was taken', () => {
  expect(coverage.missingOf(/^attempt\.open( (?!auth)|\.(online|leaving|draining))/)).toEqual([]);
});
