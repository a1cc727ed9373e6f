// What every TokenPort promises, simulated or real.

import { describe, expect, it } from 'vitest';
import type { AgentClaims, KeyPurpose, TokenAnswer, TokenPort } from '../../../protocol/tokens.ts';
import { agentClaimsSchema } from '../../../protocol/tokens.ts';
import { createTokens } from '../../../services/tokens.ts';
import { createSimTokens } from '../simTokens.ts';
import { SimProcess } from '../simProcess.ts';
import { SimulatedClock } from '../simulatedClock.ts';
import { Trace } from '../trace.ts';

const WALL_MS = Date.UTC(2026, 3, 1);
const CLAIMS: AgentClaims = {
  agentId: '00000000-0000-4000-8000-000000000001',
  epoch: 'boot',
  slot: 0,
  attempt: 3,
  gatewayNonce: 'g'.repeat(22),
  agentNonce: 'a'.repeat(22),
};

/** Makes a port for these secrets, and a way to wait for its answers. */
type Make = () => { make(secrets: readonly string[]): TokenPort; settle<T>(answer: Promise<T>): Promise<T> };

const simulated: Make = () => {
  const world = new SimulatedClock();
  const process = new SimProcess(world, new Trace(world), { name: 'p', seed: 1, bootMs: 0, skewMs: 0 });
  return {
    make: (secrets) => createSimTokens(process, secrets),
    settle: (answer) => {
      world.runFor(1_000);
      return answer;
    },
  };
};

const real: Make = () => ({
  make: (secrets) =>
    createTokens(secrets, (error) => {
      throw error;
    }),
  settle: (answer) => answer,
});

describe.each([
  ['simulated', simulated],
  ['real', real],
])('the %s token port', (_name, makeSubject) => {
  const subject = makeSubject();

  function sign(
    port: TokenPort,
    { key = 0, purpose = 'agent' }: { key?: number; purpose?: KeyPurpose } = {},
  ): Promise<string> {
    return subject.settle(
      new Promise<string>((resolve) => {
        let hasReturned = false;
        port.sign(purpose, CLAIMS, WALL_MS, key, (token) => {
          expect(hasReturned).toBe(true);
          resolve(token);
        });
        hasReturned = true;
      }),
    );
  }

  function verify(
    port: TokenPort,
    token: string,
    wallMs = WALL_MS,
    purpose: KeyPurpose = 'agent',
  ): Promise<TokenAnswer> {
    return subject.settle(
      new Promise<TokenAnswer>((resolve) => {
        let hasReturned = false;
        port.verify(purpose, token, wallMs, (answer) => {
          expect(hasReturned).toBe(true);
          resolve(answer);
        });
        hasReturned = true;
      }),
    );
  }

  it('gives back the claims that were signed, never from inside the call', async () => {
    const port = subject.make(['one secret that is long enough by far']);
    const answer = await verify(port, await sign(port));
    expect(answer.ok && agentClaimsSchema.parse(answer.claims)).toEqual(CLAIMS);
  });

  it('makes tokens that fit a control message', async () => {
    const port = subject.make(['one secret that is long enough by far']);
    expect((await sign(port)).length).toBeLessThanOrEqual(4_096);
  });

  it('refuses another secret, another purpose and what is no token', async () => {
    const port = subject.make(['one secret that is long enough by far']);
    const other = subject.make(['another secret that is long enough too']);
    const token = await sign(port);
    expect((await verify(other, token)).ok).toBe(false);
    expect((await verify(port, token, WALL_MS, 'gateway')).ok).toBe(false);
    for (const junk of ['', 'junk', `${token}x`, token.slice(1)])
      expect((await verify(port, junk)).ok).toBe(false);
  });

  it('accepts the previous secret during rotation, and signs with the current one', async () => {
    const old = subject.make(['the previous secret, long enough by far']);
    const rotating = subject.make([
      'the current secret that is long enough',
      'the previous secret, long enough by far',
    ]);
    expect((await verify(rotating, await sign(old))).ok).toBe(true);
    expect((await verify(old, await sign(rotating))).ok).toBe(false);
    expect((await verify(old, await sign(rotating, { key: 1 }))).ok).toBe(true);
  });

  it('tells which secret a token was signed with, the current one being 0', async () => {
    const secrets = ['the current secret that is long enough', 'the previous secret, long enough by far'];
    const port = subject.make(secrets);
    for (const key of [0, 1]) expect(await verify(port, await sign(port, { key }))).toMatchObject({ key });
  });

  it('accepts a token for a minute, by the clock of the call', async () => {
    const port = subject.make(['one secret that is long enough by far']);
    const token = await sign(port);
    expect((await verify(port, token, WALL_MS + 50_000)).ok).toBe(true);
    expect((await verify(port, token, WALL_MS + 75_000)).ok).toBe(false);
    expect((await verify(port, token, WALL_MS - 3_600_000)).ok).toBe(false);
  });
});
