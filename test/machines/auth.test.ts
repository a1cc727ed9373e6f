// Owns the tests of the agent's side of authentication.

import { describe, expect, test } from 'vitest';
import { authMachine } from '../../machines/auth.ts';
import { agentClaimsSchema, type GatewayClaims, type KeyPurpose } from '../../protocol/tokens.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import { FakeTokens, fakeTokenSchema } from './fakeTokens.ts';
import { RecordingLink } from './recordingLink.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(authMachine);
const identity = { agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01', epoch: 'boot', slot: 2, attempt: 7 };
const GATEWAY_NONCE = 'gatewaygatewaygateway1';
const RENEWAL_NONCE = 'renewalrenewalrenewal1';
const GATEWAY_WALL_MS = 1_900_000_000_000;

/** An agent, and a gateway played by hand. */
function agent(secret = 'shared') {
  const clock = new SimulatedClock();
  const link = new RecordingLink();
  const tokens = new FakeTokens(secret, (answer) => clock.post(answer));
  const input = { link, tokens, random: new SeededRandom(1), identity, version: '1.2.3' };
  const { actor, reports } = stage(authMachine, input, coverage.inspect, clock);
  const said = () => {
    clock.settle();
    const [message, ...rest] = link.sent();
    expect(rest).toEqual([]);
    return message?.type === 'auth' ? message : undefined;
  };
  return {
    actor,
    clock,
    reports,
    said,
    hello: () =>
      actor.send(arrived({ type: 'hello', version: '9.9', nonce: GATEWAY_NONCE, wallMs: GATEWAY_WALL_MS })),
    challenge: (nonce = RENEWAL_NONCE, wallMs = GATEWAY_WALL_MS) =>
      actor.send(arrived({ type: 'challenge', nonce, wallMs })),
    accept: (claims: GatewayClaims, wallMs = GATEWAY_WALL_MS, purpose: KeyPurpose = 'gateway') => {
      const proof = JSON.stringify({ secret: 'shared', purpose, wallMs, claims });
      const gatewayHost = 'gw.example.com';
      actor.send(arrived({ type: 'auth_result', ok: true, proof, gatewayHost, lifetimeMs: 900_000 }));
    },
    state: () => actor.getSnapshot().value,
  };
}

/** The claims of a gateway that answers `agentNonce` rightly. */
function answerTo(agentNonce: string, gatewayNonce = GATEWAY_NONCE): GatewayClaims {
  return { gatewayNonce, agentNonce, version: '9.9' };
}

function authenticated() {
  const made = agent();
  made.hello();
  made.accept(answerTo(made.said()?.nonce ?? ''));
  made.clock.settle();
  return made;
}

test('hello is answered with claims signed by the clock of the gateway, over both nonces', () => {
  const { hello, said } = agent();
  hello();
  const auth = said();
  const token = fakeTokenSchema.parse(JSON.parse(auth?.token ?? ''));
  expect(auth?.version).toBe('1.2.3');
  expect(token).toMatchObject({ purpose: 'agent', wallMs: GATEWAY_WALL_MS });
  expect(agentClaimsSchema.parse(token.claims)).toEqual({
    ...identity,
    gatewayNonce: GATEWAY_NONCE,
    agentNonce: auth?.nonce,
  });
});

test('nothing is said before the token is signed', () => {
  const { hello, said, state, actor } = agent();
  hello();
  expect(state()).toBe('signing');
  // A second hello changes nothing: its nonce is not the one that is being signed.
  actor.send(arrived({ type: 'hello', version: '0', nonce: RENEWAL_NONCE, wallMs: 0 }));
  expect(said()?.token).toContain(GATEWAY_NONCE);
  expect(state()).toBe('awaitingResult');
});

test('a gateway that proves the secret is accepted with its version and public name', () => {
  const { reports, state } = authenticated();
  expect(reports()).toEqual([
    { type: 'auth.accepted', gatewayVersion: '9.9', gatewayHost: 'gw.example.com' },
  ]);
  expect(state()).toBe('authenticated');
});

describe('a gateway is refused as it would refuse us when its proof', () => {
  const cases: [string, (nonce: string) => Parameters<ReturnType<typeof agent>['accept']>][] = [
    ['answers another nonce of ours', () => [answerTo(RENEWAL_NONCE)]],
    ['is over another nonce of its own', (nonce) => [answerTo(nonce, RENEWAL_NONCE)]],
    ['names another version', (nonce) => [{ ...answerTo(nonce), version: '9.8' }]],
    ['has claims of another shape', (nonce) => [{ ...answerTo(nonce), version: '' }]],
    ['is too old by its own clock', (nonce) => [answerTo(nonce), GATEWAY_WALL_MS - 61_000]],
    ['is an agent token sent back', (nonce) => [answerTo(nonce), GATEWAY_WALL_MS, 'agent']],
  ];
  test.each(cases)('%s', (_, proofFor) => {
    const { hello, said, accept, clock, reports, actor } = agent();
    hello();
    accept(...proofFor(said()?.nonce ?? ''));
    clock.settle();
    expect(reports()).toEqual([{ type: 'auth.refused', code: 'auth_failed' }]);
    expect(actor.getSnapshot().status).toBe('done');
  });

  test('is signed with another secret', () => {
    const { hello, said, accept, clock, reports } = agent('another');
    hello();
    accept(answerTo(said()?.nonce ?? ''));
    clock.settle();
    expect(reports()).toEqual([{ type: 'auth.refused', code: 'auth_failed' }]);
  });
});

test('a refusal is reported with the reason of the gateway', () => {
  const { hello, said, actor, reports } = agent();
  hello();
  said();
  actor.send(arrived({ type: 'auth_result', ok: false, code: 'duplicate_agent' }));
  expect(reports()).toEqual([{ type: 'auth.refused', code: 'duplicate_agent' }]);
  expect(actor.getSnapshot().value).toBe('refused');
});

test('a result before we signed means nothing', () => {
  const { actor, state, reports } = agent();
  actor.send(arrived({ type: 'auth_result', ok: false, code: 'auth_failed' }));
  expect([state(), reports()]).toEqual(['awaitingHello', []]);
});

test('a challenge is answered in place, over its own nonce and clock and a fresh nonce of ours', () => {
  const first = agent();
  first.hello();
  const opening = first.said()?.nonce ?? '';
  first.accept(answerTo(opening));
  first.clock.settle();
  first.reports();
  first.challenge(RENEWAL_NONCE, GATEWAY_WALL_MS + 600_000);
  const renewal = first.said();
  expect(renewal?.nonce).not.toBe(opening);
  expect(fakeTokenSchema.parse(JSON.parse(renewal?.token ?? ''))).toMatchObject({
    wallMs: GATEWAY_WALL_MS + 600_000,
    claims: { ...identity, gatewayNonce: RENEWAL_NONCE, agentNonce: renewal?.nonce },
  });
  first.accept(answerTo(renewal?.nonce ?? '', RENEWAL_NONCE), GATEWAY_WALL_MS + 600_000);
  first.clock.settle();
  expect(first.state()).toBe('authenticated');
  expect(first.reports()).toMatchObject([{ type: 'auth.accepted', gatewayVersion: '9.9' }]);
});

test('the proof of the opening does not serve for the renewal', () => {
  const made = authenticated();
  made.reports();
  made.challenge();
  const renewal = made.said()?.nonce ?? '';
  made.accept(answerTo(renewal, GATEWAY_NONCE));
  made.clock.settle();
  expect(made.reports()).toEqual([{ type: 'auth.refused', code: 'auth_failed' }]);
});

test('a challenge outside of a session is not answered', () => {
  const { challenge, said, state } = agent();
  challenge();
  expect([said(), state()]).toEqual([undefined, 'awaitingHello']);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
