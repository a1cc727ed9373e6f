// Owns the tests of the gateway's view of one tunnel.

import { describe, expect, test } from 'vitest';
import { PROBE_TIMEOUT_MS } from '../../machines/admission.ts';
import { sessionMachine } from '../../machines/session.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import * as stages from './sessionStage.ts';
import { DRAIN_MS, SESSION_ID, expectEnd, identity, mapping } from './sessionStage.ts';

const coverage = new TransitionCoverage(sessionMachine);
const opened = (terms?: stages.SessionTerms) => stages.opened(coverage.inspect, terms);
const online = () => stages.online(coverage.inspect);

function admitted() {
  const made = opened();
  made.auth();
  made.link.calls();
  return made;
}

const MINUTE_MS = 60_000;
const goaway = arrived({ type: 'goaway', reason: 'stopped', lastStreamId: 0, retryAfterMs: 0 });

describe('the handshake', () => {
  test('begins with our hello', () => {
    expect(opened().link.sent()).toMatchObject([{ type: 'hello' }]);
  });

  test('greets, admits, applies the mappings, and only then serves, publishes and confirms', () => {
    const { link, auth, sync, directory, isIn, context } = opened();
    auth();
    expect(link.sent()).toMatchObject([
      { type: 'auth_result', ok: true, gatewayHost: 'gw.example.com', lifetimeMs: 15 * MINUTE_MS },
    ]);
    expect(directory.calls()).toEqual([{ do: 'admit', sessionId: SESSION_ID }]);
    sync(4);
    expect(directory.calls()).toEqual([
      { do: 'apply', sessionId: SESSION_ID, revision: 4, mappings: [mapping] },
    ]);
    expect([link.calls(), isIn('online')]).toEqual([[], false]);
    const refused = [{ id: mapping.id, code: 'domain_taken' as const }];
    directory.applied(refused);
    expect(directory.calls()).toEqual([{ do: 'publish', sessionId: SESSION_ID, identity }]);
    expect(link.calls()).toEqual([
      { do: 'serve' },
      { do: 'send', message: { type: 'config_ack', revision: 4, refused } },
    ]);
    expect(isIn('online')).toBe(true);
    expect(context()).toMatchObject({ identity, agentVersion: '1.2.3', revision: 4, refused });
  });

  test('a wrong secret is refused, counted against the address, and the wire closed', () => {
    const made = opened();
    made.auth('another');
    expectEnd(made, 'auth_failed', 'refused');
  });

  test.each(['duplicate_agent', 'replaced'] as const)(
    'an identity that a live session has is refused, told to the directory, and the wire closed (%s)',
    (code) => {
      const made = opened();
      made.directory.claimAnswer = { type: 'claim.contested', code };
      made.auth();
      expectEnd(made, code, 'refused');
    },
  );

  test('an identity whose live session stays silent is taken over before the agent is admitted', () => {
    const made = opened();
    made.directory.claimAnswer = null;
    made.auth();
    made.clock.runFor(PROBE_TIMEOUT_MS - 1);
    expect([made.link.sent(), made.directory.calls()]).toEqual([[], []]);
    made.directory.claimAnswer = { type: 'claim.free' };
    made.clock.runFor(1);
    expect(made.directory.calls()).toEqual([
      { do: 'takeOver', sessionId: SESSION_ID, identity },
      { do: 'admit', sessionId: SESSION_ID },
    ]);
    expect(made.link.sent()).toMatchObject([{ type: 'auth_result', ok: true }]);
  });

  test('a failed proof is answered late when its address keeps failing', () => {
    const made = opened({ refusalDelayMs: 3_000 });
    made.auth('another');
    made.clock.runFor(2_999);
    expect([made.link.sent(), made.isIn('handshaking')]).toEqual([[], true]);
    made.clock.runFor(1);
    expectEnd(made, 'auth_failed', 'refused');
  });

  test('mappings before admission are not looked at', () => {
    const { sync, directory } = opened();
    sync(1);
    expect(directory.calls()).toEqual([]);
  });

  test('the first revision is applied whatever its number, 0 included', () => {
    const { sync, directory } = admitted();
    directory.calls();
    sync(0);
    expect(directory.calls()).toMatchObject([{ do: 'apply', revision: 0 }]);
  });

  test('a revision that is not newer than the one being applied is not looked at', () => {
    const { sync, directory } = admitted();
    directory.calls();
    sync(4);
    sync(4);
    sync(3);
    expect(directory.calls()).toMatchObject([{ do: 'apply', revision: 4 }]);
  });

  test.each(['greeted', 'admitted'])(
    'is given up after ten seconds when %s, whatever arrives meanwhile',
    (upTo) => {
      const made = upTo === 'greeted' ? opened() : admitted();
      made.link.calls();
      made.directory.calls();
      made.live(9_999);
      expect(made.isIn('handshaking')).toBe(true);
      made.live(1);
      expectEnd(made, 'handshake_timeout');
    },
  );

  test.each(['greeted', 'admitted'])('answers heartbeats when %s, and asks nothing itself', (upTo) => {
    const { link, actor, clock } = upTo === 'greeted' ? opened() : admitted();
    link.calls();
    actor.send(arrived({ type: 'heartbeat', timestamp: 5 }));
    clock.runFor(9_000);
    expect(link.calls()).toEqual([{ do: 'send', message: { type: 'heartbeat_ack', timestamp: 5 } }]);
  });

  test('a gateway that shuts down closes at once: no stream can run yet', () => {
    const made = opened();
    made.actor.send({ type: 'retire' });
    expectEnd(made, 'going_away');
  });
});

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

describe('leaving', () => {
  test.each([
    ['retire', 'going_away'],
    ['replace', 'replaced'],
  ] as const)('%s stops new streams, lets the running ones finish, then closes', (type, code) => {
    const made = online();
    made.actor.send({ type });
    expect(made.link.calls()).toEqual([{ do: 'drain', reason: code, retryAfterMs: 0 }, { do: 'finish' }]);
    expect(made.directory.calls()).toEqual([{ do: 'withdraw', sessionId: SESSION_ID, code }]);
    made.clock.runFor(1_000);
    expect(made.isIn({ online: 'draining' })).toBe(true);
    made.actor.send({ type: 'link.idle' });
    expectEnd(made, code);
  });

  test.each([{ type: 'retire' }, { type: 'replace' }, goaway] as const)(
    'draining is not begun anew by $type, and ends after its time',
    (event) => {
      const made = online();
      made.actor.send({ type: 'replace' });
      made.directory.calls();
      made.link.calls();
      made.clock.runFor(DRAIN_MS - 1);
      made.actor.send(event);
      expect([made.directory.calls(), made.isIn({ online: 'draining' })]).toEqual([[], true]);
      made.clock.runFor(1);
      expectEnd(made, 'replaced');
    },
  );

  test('when both ends leave at once, it still closes once no stream is left', () => {
    const made = online();
    made.actor.send({ type: 'retire' });
    made.actor.send(goaway);
    made.directory.calls();
    made.actor.send({ type: 'link.idle' });
    expectEnd(made, 'going_away');
  });

  test('an agent that leaves gets no new streams, and the wire is closed once those that run are done', () => {
    const made = online();
    made.actor.send(goaway);
    expect(made.link.calls()).toEqual([{ do: 'finish' }]);
    made.directory.calls();
    made.actor.send({ type: 'link.idle' });
    expect(made.link.calls()).toEqual([{ do: 'close', code: 'going_away', detail: '' }]);
    expect([made.actor.getSnapshot().status, made.clock.pending]).toEqual(['done', 0]);
  });

  test.each([
    ['draining', { type: 'replace' }],
    ['left', goaway],
  ] as const)('a revision that crossed the goodbye is not put in force: %s', (state, event) => {
    const made = online();
    made.actor.send(event);
    made.directory.calls();
    made.sync(9);
    expect([made.directory.calls(), made.isIn({ online: state })]).toEqual([[], true]);
  });

  test('an agent that leaves has its time to finish what runs', () => {
    const made = online();
    made.actor.send(goaway);
    expect(made.directory.calls()).toEqual([{ do: 'withdraw', sessionId: SESSION_ID, code: 'going_away' }]);
    made.actor.send(arrived({ type: 'heartbeat', timestamp: 1 }));
    expect(made.link.sent()).toEqual([
      { type: 'heartbeat_ack', timestamp: 1 },
      { type: 'heartbeat', timestamp: 0 },
    ]);
    made.clock.runFor(DRAIN_MS - 1);
    expect(made.isIn({ online: 'left' })).toBe(true);
    made.clock.runFor(1);
    expectEnd(made, 'going_away');
  });
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
