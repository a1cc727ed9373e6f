// Owns the tests of one dial and the life of its wire.

import { expect, test } from 'vitest';
import { attemptMachine } from '../../machines/attempt.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import { FakeTokens } from './fakeTokens.ts';
import { PlayedGateway, SECRET } from './playedGateway.ts';
import type { LinkCall } from './recordingLink.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(attemptMachine);
const ATTEMPT = 7;
const mapping = {
  id: '0b4e0f0a-7d0f-4c59-9d3a-3f1a5f1d2c01',
  externalDomain: 'app.example.com',
  externalPort: 443,
};

function dialled() {
  const clock = new SimulatedClock();
  const links = new PlayedGateway(clock);
  const input = {
    links,
    tokens: new FakeTokens(SECRET, (answer) => clock.post(answer)),
    random: new SeededRandom(1),
    identity: { agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01', epoch: 'boot', slot: 0, attempt: ATTEMPT },
    version: '1.2.3',
    config: { revision: 1, mappings: [mapping] },
    drainMs: 5_000,
  };
  const { actor, reports } = stage(attemptMachine, input, coverage.inspect, clock);
  const made = {
    clock,
    actor,
    reports,
    wire: links.wire(),
    links,
    said: () => reports().map(({ type }) => type),
  };
  return made;
}

function online() {
  const made = dialled();
  made.wire.welcome();
  made.reports();
  made.wire.calls();
  return made;
}

/** What an attempt that is over did last, and said. */
function expectEnd(
  { wire, actor, clock, reports }: ReturnType<typeof dialled>,
  code: ErrorCode,
  last: LinkCall[],
) {
  expect(reports().at(-1)).toEqual({ type: 'attempt.ended', attempt: ATTEMPT, code, detail: '' });
  expect(wire.calls().filter((call) => call.do !== 'send')).toEqual(last);
  expect(actor.getSnapshot().status).toBe('done');
  expect(clock.pending).toBe(0);
}
const closing = (code: ErrorCode): LinkCall => ({ do: 'close', code, detail: '' });

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
    { type: 'attempt.online', attempt: ATTEMPT },
  ]);
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
  made.clock.runUntil(4_000);
  expect(made.reports()).toEqual([{ type: 'attempt.heard', attempt: ATTEMPT }]);
  made.clock.runUntil(15_999);
  expect(made.said()).toEqual(['attempt.silent']);
  made.clock.runUntil(16_000);
  expectEnd(made, 'peer_silent', [{ do: 'terminate', code: 'peer_silent' }]);
});

test('heartbeats are answered, and those that come back measure the round trip', () => {
  const { wire, clock, reports } = online();
  wire.arrives(arrived({ type: 'heartbeat', timestamp: 99 }));
  expect(wire.sent()).toEqual([{ type: 'heartbeat_ack', timestamp: 99 }]);
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

test('a gateway that leaves is reported with its reason, and the wire stays for the streams that run', () => {
  const { wire, reports, clock } = online();
  wire.leave('replaced');
  expect(reports()).toEqual([{ type: 'attempt.leaving', attempt: ATTEMPT, code: 'replaced' }]);
  wire.arrives(arrived({ type: 'heartbeat', timestamp: 1 }));
  expect(wire.calls()).toHaveLength(1);
  clock.runFor(1_000);
  wire.break();
  expect(reports()).toMatchObject([{ type: 'attempt.ended', code: 'wire_closed' }]);
  expect(clock.pending).toBe(0);
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

test('retired online, it drains: it closes once no stream is left', () => {
  const made = online();
  made.actor.send({ type: 'retire' });
  expect(made.wire.calls()).toEqual([{ do: 'drain', reason: 'going_away', retryAfterMs: 0 }]);
  made.clock.runFor(1_000);
  expect(made.said()).toEqual([]);
  made.wire.arrives({ type: 'link.idle' });
  expectEnd(made, 'going_away', [closing('going_away')]);
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

test('when both ends leave at once, it still closes once no stream is left', () => {
  const made = online();
  made.actor.send({ type: 'retire' });
  made.wire.calls();
  made.wire.leave();
  expect(made.said()).toEqual([]);
  made.wire.arrives({ type: 'link.idle' });
  expectEnd(made, 'going_away', [closing('going_away')]);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
