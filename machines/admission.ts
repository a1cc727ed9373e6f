// The gateway's side of authentication: ask, verify what the agent signed, prove the secret in turn.

import { assign, setup } from 'xstate';
import type { ErrorCode } from '../protocol/errors.ts';
import {
  NONCE_BYTES,
  agentClaimsSchema,
  type Identity,
  type TokenAnswer,
  type TokenPort,
} from '../protocol/tokens.ts';
import type { ControlEvent, Link } from './link.ts';
import type { TokenEvent } from './auth.ts';
import { randomText, type Random } from './random.ts';

/**
 * How long a live session of the same agent may take to show that it lives. Raised: a restarted agent waits longer for
 * its half-open predecessor; lowered below a round trip: a living agent loses its tunnel to its clone.
 */
export const PROBE_TIMEOUT_MS = 1_000;

/** Whether an identity is free: told by the sessions that are live. */
export type ClaimEvent = { type: 'claim.free' } | { type: 'claim.contested'; code: ErrorCode };

export interface AdmissionInput {
  link: Link;
  tokens: TokenPort;
  random: Random;
  wallMs: () => number;
  /** The gateway's version and public name, told to the agent. */
  version: string;
  gatewayHost: string | null;
  /** How long the session lasts from the admission on. */
  lifetimeMs: number;
  /** `hello` opens a wire, `challenge` renews the session on it. */
  opening: 'hello' | 'challenge';
  /** Asks the live sessions of the same agent. Without an answer in time they are presumed dead. */
  claim: (identity: Identity, report: (event: ClaimEvent) => void) => void;
  /** Ends the sessions that did not answer. */
  takeOver: (identity: Identity) => void;
  /** How long a refusal is held back: an address that keeps guessing gets slower answers, a valid secret never waits. */
  refusalDelayMs: number;
}

/** What became of it. */
export type AdmissionOutcome =
  | { ok: true; identity: Identity; agentVersion: string }
  | { ok: false; code: ErrorCode };

interface AdmissionContext extends AdmissionInput {
  nonce: string;
  /** The same moment on the wall clock, as told to the agent, and on the monotonic one. */
  askedWallMs: number;
  askedAtMs: number;
  agentNonce: string;
  agentVersion: string;
  token: string;
  /** Which of our secrets the agent knows. */
  key: number;
  identity: Identity | null;
  /** Why a right token is refused all the same: a live session has its identity. */
  contest: ErrorCode | null;
}

export const admissionMachine = setup({
  types: {
    context: {} as AdmissionContext,
    input: {} as AdmissionInput,
    output: {} as AdmissionOutcome,
    events: {} as Extract<ControlEvent, { type: 'control.auth' }> | TokenEvent | ClaimEvent,
  },
  delays: { probeTimeout: PROBE_TIMEOUT_MS, refusalDelay: ({ context }) => context.refusalDelayMs },
  guards: {
    isOurs: ({ context, event }) =>
      event.type === 'token.verified' && signerOf(event.answer, context) !== null,
    isRenewal: ({ context }) => context.opening === 'challenge',
  },
  actions: {
    ask: ({ context }) => {
      const { link, opening, nonce, askedWallMs: wallMs, version } = context;
      link.send(
        opening === 'hello'
          ? { type: 'hello', version, nonce, wallMs }
          : { type: 'challenge', nonce, wallMs },
      );
    },
    takeAuth: assign(({ event }) => {
      if (event.type !== 'control.auth') return {};
      const { token, nonce: agentNonce, version: agentVersion } = event.message;
      return { token, agentNonce, agentVersion };
    }),
    verify: ({ context, self }) => {
      // Time since we asked, by the clock that cannot jump: a wall clock set meanwhile makes no honest token invalid.
      const elapsedMs = context.link.nowMs() - context.askedAtMs;
      context.tokens.verify('agent', context.token, context.askedWallMs + elapsedMs, (answer) => {
        self.send({ type: 'token.verified', answer });
      });
    },
    takeIdentity: assign(({ context, event }) =>
      event.type === 'token.verified' ? { ...signerOf(event.answer, context) } : {},
    ),
    claim: ({ context, self }) => {
      if (context.identity === null) return;
      context.claim(context.identity, (event) => {
        self.send(event);
      });
    },
    takeOver: ({ context }) => {
      if (context.identity !== null) context.takeOver(context.identity);
    },
    noteContest: assign(({ event }) => (event.type === 'claim.contested' ? { contest: event.code } : {})),
    prove: ({ context, self }) => {
      const { nonce: gatewayNonce, agentNonce, version } = context;
      const claims = { gatewayNonce, agentNonce, version };
      context.tokens.sign('gateway', claims, context.askedWallMs, context.key, (token) => {
        self.send({ type: 'token.signed', token });
      });
    },
    accept: ({ context, event }) => {
      if (event.type !== 'token.signed') return;
      const { link, gatewayHost, lifetimeMs } = context;
      link.send({ type: 'auth_result', ok: true, proof: event.token, gatewayHost, lifetimeMs });
    },
    refuse: ({ context }) => {
      context.link.send({ type: 'auth_result', ok: false, code: refusalOf(context) });
    },
  },
}).createMachine({
  id: 'admission',
  context: ({ input }) => ({
    ...input,
    nonce: randomText(input.random, NONCE_BYTES),
    askedWallMs: input.wallMs(),
    askedAtMs: input.link.nowMs(),
    agentNonce: '',
    agentVersion: '',
    token: '',
    key: 0,
    identity: null,
    contest: null,
  }),
  initial: 'awaitingAuth',
  states: {
    awaitingAuth: {
      entry: 'ask',
      on: { 'control.auth': { target: 'verifying', actions: 'takeAuth' } },
    },
    verifying: {
      entry: 'verify',
      on: {
        'token.verified': [
          { guard: 'isOurs', target: 'known', actions: 'takeIdentity' },
          { target: 'stalling' },
        ],
      },
    },
    known: {
      always: [{ guard: 'isRenewal', target: 'proving' }, { target: 'claiming' }],
    },
    // Another live session may have this identity: it has a moment to show that it lives.
    claiming: {
      entry: 'claim',
      // Asked again: another boot may have come online meanwhile, and has not been heard yet.
      after: { probeTimeout: { target: 'claiming', reenter: true, actions: 'takeOver' } },
      on: {
        'claim.free': 'proving',
        'claim.contested': { target: 'refused', actions: ['noteContest', 'refuse'] },
      },
    },
    stalling: {
      after: { refusalDelay: { target: 'refused', actions: 'refuse' } },
    },
    proving: {
      entry: 'prove',
      on: { 'token.signed': { target: 'admitted', actions: 'accept' } },
    },
    admitted: { type: 'final' },
    refused: { type: 'final' },
  },
  output: ({ context }) =>
    context.identity === null || context.contest !== null
      ? { ok: false, code: refusalOf(context) }
      : { ok: true, identity: context.identity, agentVersion: context.agentVersion },
});

function refusalOf({ contest }: AdmissionContext): ErrorCode {
  return contest ?? 'auth_failed';
}

/** Who signed a valid token over both our nonces, and with which of our secrets; null otherwise. */
function signerOf(
  answer: TokenAnswer,
  context: AdmissionContext,
): Pick<AdmissionContext, 'identity' | 'key'> | null {
  if (!answer.ok) return null;
  const claims = agentClaimsSchema.safeParse(answer.claims);
  if (!claims.success) return null;
  const { gatewayNonce, agentNonce, agentId, epoch, slot, attempt } = claims.data;
  if (gatewayNonce !== context.nonce || agentNonce !== context.agentNonce) return null;
  return { identity: { agentId, epoch, slot, attempt }, key: answer.key };
}
