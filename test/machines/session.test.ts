// Owns the tests of the gateway's view of one tunnel until it is in force: the handshake.

import { describe, expect, test } from 'vitest';
import { PROBE_TIMEOUT_MS } from '../../machines/admission.ts';
import { sessionMachine } from '../../machines/session.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import * as stages from './sessionStage.ts';
import { MINUTE_MS, OF_HANDSHAKE, SESSION_ID, expectEnd, identity, mapping } from './sessionStage.ts';

const coverage = new TransitionCoverage(sessionMachine);
const opened = (terms?: stages.SessionTerms) => stages.opened(coverage.inspect, terms);
const admitted = () => stages.admitted(coverage.inspect);

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

test('every transition of the handshake was taken', () => {
  expect(coverage.missingOf(OF_HANDSHAKE)).toEqual([]);
});
