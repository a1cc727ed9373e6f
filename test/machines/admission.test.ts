// Owns the tests of the gateway's side of authentication.

import { describe, expect, test } from 'vitest';
import {
  PROBE_TIMEOUT_MS,
  admissionMachine,
  type AdmissionInput,
  type ClaimEvent,
} from '../../machines/admission.ts';
import { gatewayClaimsSchema, type Identity, type KeyPurpose } from '../../protocol/tokens.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import { FakeTokens, fakeTokenSchema } from './fakeTokens.ts';
import { RecordingLink } from './recordingLink.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(admissionMachine);
const identity = { agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01', epoch: 'boot', slot: 2, attempt: 7 };
const AGENT_NONCE = 'agentagentagentagent12';
const REFUSED = { type: 'auth_result', ok: false, code: 'auth_failed' };

interface Signed {
  secret?: string;
  purpose?: KeyPurpose;
  wallMs?: number;
  claims?: object;
}

interface Setting {
  opening?: AdmissionInput['opening'];
  /** How a claim is answered at once; null: not before the test says so. */
  claimAnswer?: ClaimEvent | null;
  refusalDelayMs?: number;
}

/** A gateway, and an agent played by hand. */
function gateway({
  opening = 'hello',
  claimAnswer = { type: 'claim.free' },
  refusalDelayMs = 0,
}: Setting = {}) {
  const clock = new SimulatedClock();
  const link = new RecordingLink(() => clock.nowMs());
  const claimed: Identity[] = [];
  const takenOver: Identity[] = [];
  const { actor } = stage(
    admissionMachine,
    {
      link,
      tokens: new FakeTokens(['shared', 'previous'], (answer) => clock.post(answer)),
      random: new SeededRandom(1),
      wallMs: () => clock.wallMs(),
      version: '9.9',
      gatewayHost: 'gw.example.com',
      lifetimeMs: 900_000,
      opening,
      claim: (who, report) => {
        claimed.push(who);
        if (claimAnswer !== null) report(claimAnswer);
      },
      takeOver: (who) => {
        takenOver.push(who);
      },
      refusalDelayMs,
    },
    coverage.inspect,
    clock,
  );
  const [asked] = link.sent();
  const question = asked?.type === 'hello' || asked?.type === 'challenge' ? asked : undefined;
  const gatewayNonce = question?.nonce ?? '';
  return {
    actor,
    clock,
    question,
    gatewayNonce,
    claimed,
    takenOver,
    said: () => {
      clock.settle();
      return link.sent();
    },
    auth: ({ secret = 'shared', purpose = 'agent', wallMs = clock.wallMs(), claims = {} }: Signed = {}) => {
      const all = { ...identity, gatewayNonce, agentNonce: AGENT_NONCE, ...claims };
      const token = JSON.stringify({ secret, purpose, wallMs, claims: all });
      actor.send(arrived({ type: 'auth', version: '1.2.3', nonce: AGENT_NONCE, token }));
    },
  };
}

test('a wire is opened by hello: who we are, a nonce and what time it is', () => {
  const { question, clock } = gateway();
  expect(question).toEqual({
    type: 'hello',
    version: '9.9',
    nonce: expect.stringMatching(/^[\w-]{22}$/) as unknown,
    wallMs: clock.wallMs(),
  });
});

test('a session is renewed by a challenge', () => {
  const { question, clock } = gateway({ opening: 'challenge' });
  expect(question).toEqual({
    type: 'challenge',
    nonce: expect.stringMatching(/^[\w-]{22}$/) as unknown,
    wallMs: clock.wallMs(),
  });
});

test('whoever signs both nonces is admitted, and gets a proof in turn by the clock of hello', () => {
  const { auth, said, clock, actor, gatewayNonce } = gateway();
  const askedWallMs = clock.wallMs();
  clock.runFor(5_000);
  auth();
  const [result, ...rest] = said();
  expect(rest).toEqual([]);
  expect(result).toMatchObject({
    type: 'auth_result',
    ok: true,
    gatewayHost: 'gw.example.com',
    lifetimeMs: 900_000,
  });
  const proof = result?.type === 'auth_result' && result.ok ? result.proof : '';
  const token = fakeTokenSchema.parse(JSON.parse(proof));
  expect(token).toMatchObject({ purpose: 'gateway', wallMs: askedWallMs });
  expect(gatewayClaimsSchema.parse(token.claims)).toEqual({
    gatewayNonce,
    agentNonce: AGENT_NONCE,
    version: '9.9',
  });
  expect(actor.getSnapshot().output).toEqual({ ok: true, identity, agentVersion: '1.2.3' });
});

test('the agent is admitted only with its proof on the wire', () => {
  const { auth, clock, actor } = gateway();
  auth();
  clock.runNext();
  expect(actor.getSnapshot()).toMatchObject({ value: 'proving', status: 'active' });
  clock.runNext();
  expect(actor.getSnapshot()).toMatchObject({ value: 'admitted', status: 'done' });
});

describe('an agent is refused when its token', () => {
  const cases: [string, Signed][] = [
    ['is signed with another secret', { secret: 'another' }],
    ['is a gateway proof sent back', { purpose: 'gateway' }],
    ['is over another nonce of the gateway', { claims: { gatewayNonce: AGENT_NONCE } }],
    ['is over another nonce of its own', { claims: { agentNonce: 'anotheranotheranother1' } }],
    ['has claims of another shape', { claims: { attempt: 0 } }],
    ['is older than a minute by our clock', { wallMs: Date.UTC(2026, 0, 1) - 60_001 }],
  ];
  test.each(cases)('%s', (_, signed) => {
    const { auth, said, actor } = gateway();
    auth(signed);
    expect(said()).toEqual([REFUSED]);
    expect(actor.getSnapshot().output).toEqual({ ok: false, code: 'auth_failed' });
  });
});

test('an agent with the previous secret gets a proof of that secret: it may not know the current one yet', () => {
  for (const secret of ['shared', 'previous']) {
    const { auth, said } = gateway();
    auth({ secret });
    const [result] = said();
    const proof = result?.type === 'auth_result' && result.ok ? result.proof : '';
    expect(fakeTokenSchema.parse(JSON.parse(proof)).secret).toBe(secret);
  }
});

describe('an identity', () => {
  test('is claimed once the token is right, and only then', () => {
    const stranger = gateway();
    stranger.auth({ secret: 'another' });
    stranger.said();
    expect(stranger.claimed).toEqual([]);
    const { auth, said, claimed, takenOver } = gateway();
    auth();
    expect(claimed).toEqual([]);
    expect(said()).toMatchObject([{ ok: true }]);
    expect([claimed, takenOver]).toEqual([[identity], []]);
  });

  test('is not claimed anew by a renewal: the session has it', () => {
    const { auth, said, claimed, actor } = gateway({ opening: 'challenge', claimAnswer: null });
    auth();
    expect(said()).toMatchObject([{ ok: true }]);
    expect(claimed).toEqual([]);
    expect(actor.getSnapshot().output).toMatchObject({ ok: true, identity });
  });

  test.each(['duplicate_agent', 'replaced'] as const)(
    'that a live session has is refused, with the reason, and nothing is taken over (%s)',
    (code) => {
      const { auth, said, clock, takenOver, actor } = gateway({ claimAnswer: null });
      auth();
      clock.runFor(PROBE_TIMEOUT_MS - 1);
      expect([said(), actor.getSnapshot().value]).toEqual([[], 'claiming']);
      actor.send({ type: 'claim.contested', code });
      expect(said()).toEqual([{ type: 'auth_result', ok: false, code }]);
      expect(actor.getSnapshot().output).toEqual({ ok: false, code });
      expect([takenOver, clock.pending]).toEqual([[], 0]);
    },
  );

  test('is claimed again after that: a boot that came online meanwhile is asked in its turn', () => {
    const { auth, said, clock, takenOver, actor } = gateway({ claimAnswer: null });
    auth();
    clock.runFor(PROBE_TIMEOUT_MS);
    actor.send({ type: 'claim.contested', code: 'duplicate_agent' });
    expect(said()).toEqual([{ type: 'auth_result', ok: false, code: 'duplicate_agent' }]);
    expect([takenOver, clock.pending]).toEqual([[identity], 0]);
  });

  test('is taken over from sessions that stay silent for a second', () => {
    const { auth, said, clock, takenOver, actor } = gateway({ claimAnswer: null });
    auth();
    clock.runFor(999);
    expect([said(), takenOver]).toEqual([[], []]);
    clock.runFor(1);
    expect([takenOver, said(), actor.getSnapshot().value]).toEqual([[identity], [], 'claiming']);
    actor.send({ type: 'claim.free' });
    clock.settle();
    expect(said()).toMatchObject([{ ok: true }]);
    expect(actor.getSnapshot().output).toMatchObject({ ok: true, identity });
  });
});

describe('to an address that keeps guessing', () => {
  test('a refusal is held back', () => {
    const { auth, said, clock, actor } = gateway({ refusalDelayMs: 3_000 });
    auth({ secret: 'another' });
    clock.runFor(2_999);
    expect([said(), actor.getSnapshot().value]).toEqual([[], 'stalling']);
    clock.runFor(1);
    expect(said()).toEqual([REFUSED]);
    expect(actor.getSnapshot().output).toEqual({ ok: false, code: 'auth_failed' });
  });

  test('an admission is not', () => {
    const { auth, said, clock } = gateway({ refusalDelayMs: 3_000 });
    auth();
    expect(said()).toMatchObject([{ ok: true }]);
    expect(clock.nowMs()).toBe(0);
  });

  test('the name of a live agent is refused at once: whoever asks knows the secret', () => {
    const claimAnswer: ClaimEvent = { type: 'claim.contested', code: 'duplicate_agent' };
    const { auth, said } = gateway({ refusalDelayMs: 3_000, claimAnswer });
    auth();
    expect(said()).toEqual([{ ...REFUSED, code: 'duplicate_agent' }]);
  });
});

test('a wall clock that is set during the handshake changes nothing', () => {
  const { auth, said, clock } = gateway();
  const wallMs = clock.wallMs();
  clock.jumpWall(-7_200_000);
  auth({ wallMs });
  expect(said()).toMatchObject([{ type: 'auth_result', ok: true }]);
});

test('a wall clock that is set between the question and the answer makes no honest token invalid', () => {
  const { auth, said, clock } = gateway();
  const signedWallMs = clock.wallMs();
  clock.jumpWall(3_600_000);
  clock.runFor(59_000);
  auth({ wallMs: signedWallMs });
  expect(said()).toMatchObject([{ type: 'auth_result', ok: true }]);
});

test('a token is judged by the time that has passed since the question', () => {
  const { auth, said, clock } = gateway();
  const signedWallMs = clock.wallMs();
  clock.runFor(61_000);
  auth({ wallMs: signedWallMs });
  expect(said()).toEqual([REFUSED]);
});

test('a token signed with the clock of the question is right however long its agent took to answer', () => {
  const { auth, said, clock } = gateway();
  clock.runFor(59_000);
  auth();
  expect(said()).toMatchObject([{ type: 'auth_result', ok: true }]);
});

test('only the first token counts: a second one while the first is judged changes nothing', () => {
  const { auth, said, actor } = gateway();
  auth();
  auth({ secret: 'another' });
  expect(said()).toHaveLength(1);
  expect(actor.getSnapshot().output).toMatchObject({ ok: true });
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
