// Owns the tests of the real tokens that no simulated ones can stand for: their format, their keys, and rotation.

import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KeyPurpose, TokenAnswer } from '../../protocol/tokens.ts';
import { createTokens } from '../../services/tokens.ts';

const CURRENT = 'the current secret that is long enough';
const PREVIOUS = 'the previous secret that is long enough';
const WALL_MS = Date.UTC(2026, 3, 1, 12, 0, 0, 900);
const SECONDS = Math.floor(WALL_MS / 1000);
const CLAIMS = { gatewayNonce: 'g'.repeat(22), agentNonce: 'a'.repeat(22), version: '9.9' };

function port(...secrets: string[]) {
  const tokens = createTokens(secrets, (error) => {
    throw error;
  });
  return {
    sign: ({ purpose = 'agent', key = 0 }: { purpose?: KeyPurpose; key?: number } = {}) =>
      new Promise<string>((resolve) => {
        tokens.sign(purpose, CLAIMS, WALL_MS, key, resolve);
      }),
    verify: (
      token: string,
      { purpose = 'agent', wallMs = WALL_MS }: { purpose?: KeyPurpose; wallMs?: number } = {},
    ) =>
      new Promise<TokenAnswer>((resolve) => {
        tokens.verify(purpose, token, wallMs, resolve);
      }),
  };
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const decode = (part = ''): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());

interface Forgery {
  secret?: string;
  info?: string;
  alg?: string;
  hash?: string;
  payload?: object;
}

/** A JWT as the spec says it, made without the code under test. */
function forged({
  secret = CURRENT,
  info = 'octoporty.v1 agent token',
  alg = 'HS256',
  hash = 'sha256',
  payload = { ...CLAIMS, iat: SECONDS, exp: SECONDS + 60 },
}: Forgery = {}): string {
  const key = Buffer.from(hkdfSync('sha256', secret, '', info, 32));
  const text = `${encode({ alg, typ: 'JWT' })}.${encode(payload)}`;
  return `${text}.${alg === 'none' ? '' : createHmac(hash, key).update(text).digest('base64url')}`;
}

test('a token is a JWT with HS256, its claims, and a minute by the clock of the call in whole seconds', async () => {
  const [header, payload] = (await port(CURRENT).sign()).split('.');
  expect(decode(header)).toEqual({ alg: 'HS256', typ: 'JWT' });
  expect(decode(payload)).toEqual({ ...CLAIMS, iat: SECONDS, exp: SECONDS + 60 });
});

test.each([
  ['agent', 'octoporty.v1 agent token'],
  ['gateway', 'octoporty.v1 gateway proof'],
] as const)('the key of the %s is derived as the spec says', async (purpose, info) => {
  const { sign, verify } = port(CURRENT);
  expect(await sign({ purpose })).toBe(forged({ info }));
  expect(await verify(forged({ info }), { purpose })).toMatchObject({ ok: true, claims: CLAIMS, key: 0 });
});

describe('a token is refused', () => {
  const { iat: _, ...undated } = { ...CLAIMS, iat: SECONDS, exp: SECONDS + 60 };
  test.each([
    ['without any signature', forged({ alg: 'none' })],
    ['with another algorithm, though the key is right', forged({ alg: 'HS512', hash: 'sha512' })],
    ['signed with the secret of the other purpose', forged({ info: 'octoporty.v1 gateway proof' })],
    ['without the time it was signed', forged({ payload: undated })],
    ['without an end', forged({ payload: { ...CLAIMS, iat: SECONDS } })],
    ['of which somebody changed a claim', changed()],
    ['that is none', 'a.b.c'],
  ])('%s', async (_name, token) => {
    expect((await port(CURRENT).verify(token)).ok).toBe(false);
  });

  function changed(): string {
    const [header, , signature] = forged().split('.');
    return `${header}.${encode({ ...CLAIMS, version: '1.0', iat: SECONDS, exp: SECONDS + 60 })}.${signature}`;
  }
});

test('ten seconds of travel are forgiven on both sides of its minute, and not one more', async () => {
  const { verify } = port(CURRENT);
  const verdict = async (ms: number) => (await verify(forged(), { wallMs: SECONDS * 1000 + ms })).ok;
  expect([await verdict(-10_000), await verdict(69_000)]).toEqual([true, true]);
  expect([await verdict(-12_000), await verdict(72_000)]).toEqual([false, false]);
});

test('a token that claims a longer life has a minute all the same', async () => {
  const { verify } = port(CURRENT);
  const token = forged({ payload: { ...CLAIMS, iat: SECONDS, exp: SECONDS + 3_600 } });
  expect((await verify(token)).ok).toBe(true);
  expect((await verify(token, { wallMs: WALL_MS + 72_000 })).ok).toBe(false);
});

describe('while the secret is changed', () => {
  test('both are accepted, and told apart: the current one is 0', async () => {
    const { verify } = port(CURRENT, PREVIOUS);
    expect(await verify(forged())).toMatchObject({ ok: true, key: 0 });
    expect(await verify(forged({ secret: PREVIOUS }))).toMatchObject({ ok: true, key: 1 });
    expect((await verify(forged({ secret: 'one before those, long enough' }))).ok).toBe(false);
  });

  test('a proof can be made with either, so that each agent gets one that it can check', async () => {
    const rotating = port(CURRENT, PREVIOUS);
    for (const [key, secret] of [CURRENT, PREVIOUS].entries()) {
      const agent = port(secret);
      const answer = await rotating.verify(await agent.sign());
      expect(answer).toMatchObject({ ok: true, key });
      const proof = await rotating.sign({ purpose: 'gateway', key });
      expect((await agent.verify(proof, { purpose: 'gateway' })).ok).toBe(true);
    }
  });

  test('the previous one counts no more once it is taken away', async () => {
    expect((await port(CURRENT).verify(forged({ secret: PREVIOUS }))).ok).toBe(false);
  });
});

test('a key that does not exist is a bug, and told as one', async () => {
  const bug = await new Promise((resolve) => {
    createTokens([CURRENT], resolve).sign('agent', { ...CLAIMS }, WALL_MS, 1, () => {
      resolve('signed');
    });
  });
  expect(bug).toBeInstanceOf(Error);
});
