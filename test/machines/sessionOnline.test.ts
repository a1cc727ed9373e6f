// Owns the tests of the gateway's view of one tunnel in force: revisions, silence, challengers and renewal.

import { describe, expect, test } from 'vitest';
import { PROBE_TIMEOUT_MS } from '../../machines/admission.ts';
import { sessionMachine } from '../../machines/session.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import * as stages from './sessionStage.ts';
import { MINUTE_MS, OF_HANDSHAKE, OF_LEAVING, expectEnd, goaway, identity, mapping } from './sessionStage.ts';

const coverage = new TransitionCoverage(sessionMachine);
const opened = () => stages.opened(coverage.inspect);
const admitted = () => stages.admitted(coverage.inspect);
const online = () => stages.online(coverage.inspect);

describe('a session in force', () => {
  test('applies newer revisions only, and confirms each with its own refusals', () => {
    const { sync, directory, link, context } = online();
    sync(1);
    sync(0);
    expect(directory.calls()).toEqual([]);
    sync(3);
    sync(2);
    sync(4, []);
    expect(directory.calls()).toMatchObject([{ revision: 3 }, { revision: 4, mappings: [] }]);
    const refused = [{ id: mapping.id, code: 'domain_taken' as const }];
    directory.applied(refused);
    expect(link.sent()).toEqual([{ type: 'config_ack', revision: 3, refused }]);
    expect(context().refused).toEqual(refused);
    directory.applied();
    expect(link.sent()).toEqual([{ type: 'config_ack', revision: 4, refused: [] }]);
    expect(context()).toMatchObject({ revision: 4, refused: [] });
    expect(directory.calls()).toEqual([]);
  });

  test('answers heartbeats, asks back and measures the round trip', () => {
    const { actor, link, clock, context } = online();
    actor.send(arrived({ type: 'heartbeat', timestamp: 5 }));
    expect(link.sent()).toEqual([
      { type: 'heartbeat_ack', timestamp: 5 },
      { type: 'heartbeat', timestamp: 0 },
    ]);
    clock.runFor(70);
    actor.send(arrived({ type: 'heartbeat_ack', timestamp: 40 }));
    expect(context().rttMs).toBe(30);
  });

  test('drops a wire without waiting after twelve seconds of silence', () => {
    const made = online();
    made.clock.runUntil(11_999);
    expect(made.isIn({ online: 'fresh' })).toBe(true);
    made.clock.runUntil(12_000);
    expectEnd(made, 'peer_silent', 'terminate');
  });

  test('drops a wire as well on which bytes arrive, but for twelve seconds no answer', () => {
    const made = online();
    made.actor.send(arrived({ type: 'heartbeat', timestamp: 5 }));
    made.live(12_000);
    expect(made.isIn({ online: 'fresh' })).toBe(true);
    made.live(500);
    expectEnd(made, 'peer_silent', 'terminate');
  });

  test('ends with the wire, which is not closed again', () => {
    const made = online();
    made.actor.send({ type: 'link.closed', code: 'wire_closed', detail: 'reset' });
    expect(made.context()).toMatchObject({ code: 'wire_closed', detail: 'reset' });
    expectEnd(made, 'wire_closed', 'gone');
  });

  test('closes a wire whose peer breaks a rule, with that rule', () => {
    const made = online();
    made.actor.send({ type: 'link.broken', code: 'credit_overdrawn', detail: 'stream 4' });
    expectEnd(made, 'credit_overdrawn', 'close', 'stream 4');
  });

  test('knows at its end whether it was ever in force', () => {
    for (const [made, wasOnline] of [
      [opened(), false],
      [admitted(), false],
      [online(), true],
    ] as const) {
      made.actor.send({ type: 'drop', code: 'stopped' });
      expect(made.context().wasOnline).toBe(wasOnline);
    }
  });

  test('can be dropped at any moment, with a reason', () => {
    for (const made of [opened(), online()]) {
      made.actor.send({ type: 'drop', code: 'handshake_crowded' });
      expectEnd(made, 'handshake_crowded');
    }
  });
});

describe('a session that is challenged', () => {
  test('asks its agent at once, and vouches for it to every challenger, once, when it answers', () => {
    const { actor, link, directory, clock } = online();
    clock.runFor(300);
    actor.send({ type: 'challenged', by: 12 });
    expect(link.sent()).toEqual([{ type: 'heartbeat', timestamp: 300 }]);
    actor.send({ type: 'challenged', by: 13 });
    expect([link.sent().length, directory.calls()]).toEqual([1, []]);
    clock.runFor(30);
    actor.send(arrived({ type: 'heartbeat_ack', timestamp: 300 }));
    expect(directory.calls()).toEqual([
      { do: 'vouch', challengerId: 12 },
      { do: 'vouch', challengerId: 13 },
    ]);
    actor.send(arrived({ type: 'heartbeat_ack', timestamp: 300 }));
    expect(directory.calls()).toEqual([]);
  });

  test('does not vouch for an agent that leaves: whoever comes after it may have its identity', () => {
    const { actor, directory } = online();
    actor.send({ type: 'challenged', by: 12 });
    actor.send(goaway);
    directory.calls();
    actor.send(arrived({ type: 'heartbeat_ack', timestamp: 0 }));
    expect(directory.calls()).toEqual([]);
  });

  test('says nothing for an agent that is silent, and goes on until it is dropped', () => {
    const made = online();
    made.actor.send({ type: 'challenged', by: 12 });
    made.clock.runFor(PROBE_TIMEOUT_MS);
    expect([made.directory.calls(), made.isIn({ online: 'fresh' })]).toEqual([[], true]);
    made.actor.send({ type: 'drop', code: 'replaced' });
    expectEnd(made, 'replaced');
  });
});

describe('renewal', () => {
  test('is asked for ten minutes after the last proof, in place, and keeps everything', () => {
    const { live, link, auth, isIn, directory, context } = online();
    const before = context();
    live(10 * MINUTE_MS - 1);
    expect(link.sent()).toEqual([]);
    live(1);
    expect(isIn({ online: 'renewing' })).toBe(true);
    auth();
    expect(link.sent()).toMatchObject([{ type: 'auth_result', ok: true, lifetimeMs: 15 * MINUTE_MS }]);
    expect(isIn({ online: 'fresh' })).toBe(true);
    expect(context()).toEqual(before);
    expect(directory.calls()).toEqual([]);
    live(10 * MINUTE_MS - 1);
    expect(isIn({ online: 'fresh' })).toBe(true);
    live(1);
    expect(link.sent()).toMatchObject([{ type: 'challenge' }]);
  });

  test('claims nothing: whoever has the identity is this session', () => {
    const { live, auth, isIn, directory } = online();
    live(10 * MINUTE_MS);
    directory.claimAnswer = { type: 'claim.contested', code: 'duplicate_agent' };
    auth();
    expect(isIn({ online: 'fresh' })).toBe(true);
  });

  test('that stays unanswered ends the session fifteen minutes after the last proof', () => {
    const made = online();
    made.live(15 * MINUTE_MS - 1);
    expect(made.isIn({ online: 'renewing' })).toBe(true);
    made.live(1);
    expectEnd(made, 'auth_expired');
  });

  test('with a wrong secret ends the session', () => {
    const made = online();
    made.live(10 * MINUTE_MS);
    made.auth('another');
    expectEnd(made, 'auth_failed');
  });

  test.each(['agentId', 'epoch', 'slot', 'attempt'] as const)('by another %s ends the session', (field) => {
    const others = { agentId: 'b3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c02', epoch: 'reboot', slot: 3, attempt: 8 };
    const made = online();
    made.live(10 * MINUTE_MS);
    made.auth(undefined, { ...identity, [field]: others[field] });
    expectEnd(made, 'auth_failed');
  });

  test('an unasked proof is not looked at', () => {
    const { auth, link, isIn } = online();
    auth('another');
    expect([link.calls(), isIn({ online: 'fresh' })]).toEqual([[], true]);
  });
});

test('every transition but those of the handshake and of leaving was taken', () => {
  const elsewhere = new Set([...coverage.missingOf(OF_HANDSHAKE), ...coverage.missingOf(OF_LEAVING)]);
  expect(coverage.missing.filter((name) => !elsewhere.has(name))).toEqual([]);
});
