// Owns the tests of one dial until its wire is online, and of every way it may fail.

import { expect, test } from 'vitest';
import { attemptMachine } from '../../machines/attempt.ts';
import * as stages from './attemptStage.ts';
import { ATTEMPT, closing, expectEnd, mapping } from './attemptStage.ts';
import { TransitionCoverage } from './coverage.ts';

const coverage = new TransitionCoverage(attemptMachine);
/** What happens before online; the rest is in attemptOnline.test.ts. */
const FIRST = /^attempt( |\.dialing|\.closed|\.open\.handshaking|\.open auth)/;
const dialled = () => stages.dialled(coverage.inspect);
const online = () => stages.online(coverage.inspect);

test('it dials once, authenticates, syncs and is online, and serves streams only then', () => {
  const { wire, links, reports, actor } = dialled();
  expect([links.wires.length, wire.attempt, actor.getSnapshot().value]).toEqual([1, ATTEMPT, 'dialing']);
  wire.greet();
  expect(reports()).toEqual([{ type: 'attempt.authenticating', attempt: ATTEMPT }]);
  expect(wire.accept()).toMatchObject([{ do: 'send', message: { type: 'auth', version: '1.2.3' } }]);
  expect(reports()).toEqual([
    { type: 'attempt.syncing', attempt: ATTEMPT, gatewayVersion: '9.9', gatewayHost: 'gw.example.com' },
  ]);
  expect(wire.calls()).toEqual([
    { do: 'send', message: { type: 'config_sync', revision: 1, mappings: [mapping] } },
  ]);
  const refused = [{ id: mapping.id, code: 'domain_taken' as const }];
  wire.confirm(1, refused);
  expect(wire.calls()).toEqual([{ do: 'serve' }]);
  expect(reports()).toEqual([
    { type: 'attempt.acked', attempt: ATTEMPT, revision: 1, refused },
    { type: 'attempt.online', attempt: ATTEMPT, routes: null },
  ]);
});

test('what the gateway tells of routes before it confirms is held, the last of it, and told with the news of online', () => {
  const { wire, reports } = dialled();
  const route = { id: mapping.id, state: 'conflict' as const, reason: 'Taken.' };
  wire.greet();
  wire.accept();
  reports();
  wire.tellRoutes();
  wire.tellRoutes(route);
  expect(reports()).toEqual([]);
  wire.confirm(1);
  expect(reports().at(-1)).toEqual({ type: 'attempt.online', attempt: ATTEMPT, routes: [route] });
});

test('a dial that is not through within ten seconds is given up', () => {
  const made = dialled();
  made.clock.runUntil(9_999);
  expect(made.said()).toEqual([]);
  made.clock.runUntil(10_000);
  expectEnd(made, 'dial_timeout', [closing('dial_timeout')]);
});

test('a dial that fails ends with the reason of the wire, which is not closed again', () => {
  const { wire, reports } = dialled();
  wire.break('dial_failed', 'connection refused');
  expect(reports()).toEqual([
    { type: 'attempt.ended', attempt: ATTEMPT, code: 'dial_failed', detail: 'connection refused' },
  ]);
  expect(wire.calls()).toEqual([]);
});

test.each(['greeted', 'accepted'] as const)(
  'a handshake not done ten seconds after the upgrade is given up when %s',
  (upTo) => {
    const made = dialled();
    made.clock.runUntil(3_000);
    made.wire.greet();
    if (upTo === 'accepted') {
      made.clock.runUntil(4_000);
      made.wire.accept();
    }
    for (let nowMs = 4_000; nowMs < 13_000; nowMs += 1_000) {
      made.clock.runUntil(nowMs);
      made.wire.received += 1;
    }
    made.clock.runUntil(12_999);
    expect(made.said()).not.toContain('attempt.ended');
    made.clock.runUntil(13_000);
    expectEnd(made, 'handshake_timeout', [closing('handshake_timeout')]);
  },
);

test('a refusal closes the wire with its reason', () => {
  const made = dialled();
  made.wire.greet();
  made.wire.refuse('duplicate_agent');
  expectEnd(made, 'duplicate_agent', [closing('duplicate_agent')]);
});

test('a wire whose peer breaks a rule is closed with that rule', () => {
  const { wire, reports } = online();
  wire.arrives({ type: 'link.broken', code: 'protocol_error', detail: 'a frame too long' });
  expect(wire.calls()).toEqual([{ do: 'close', code: 'protocol_error', detail: 'a frame too long' }]);
  expect(reports()).toEqual([
    { type: 'attempt.ended', attempt: ATTEMPT, code: 'protocol_error', detail: 'a frame too long' },
  ]);
});

test('it can be dropped at any moment, with a reason', () => {
  for (const made of [dialled(), online()]) {
    made.actor.send({ type: 'drop', code: 'replaced' });
    expectEnd(made, 'replaced', [closing('replaced')]);
  }
});

test('a config that changes while dialling is the one that is told', () => {
  const { wire, actor } = dialled();
  actor.send({ type: 'config.changed', config: { revision: 4, mappings: [] } });
  wire.greet();
  wire.accept();
  expect(wire.sent()).toEqual([{ type: 'config_sync', revision: 4, mappings: [] }]);
});

test('a gateway that leaves during the handshake is left at once: nothing can run there', () => {
  for (const isAccepted of [false, true]) {
    const made = dialled();
    made.wire.greet();
    if (isAccepted) made.wire.accept();
    made.wire.leave();
    expectEnd(made, 'going_away', [closing('going_away')]);
  }
});

test('retired while dialling, it ends at once', () => {
  const made = dialled();
  made.actor.send({ type: 'retire' });
  expectEnd(made, 'stopped', [closing('stopped')]);
});

test('retired during the handshake, it ends at once: no stream runs yet', () => {
  for (const isAccepted of [false, true]) {
    const made = dialled();
    made.wire.greet();
    if (isAccepted) made.wire.accept();
    made.actor.send({ type: 'retire' });
    expectEnd(made, 'stopped', [closing('stopped')]);
  }
});

test('every transition up to online was taken', () => {
  expect(coverage.missingOf(FIRST)).toEqual([]);
});
