// The agent's side of authentication: prove the secret, check the gateway's proof, and renew on challenge.

import { assign, sendParent, setup } from 'xstate';
import type { ErrorCode } from '../protocol/errors.ts';
import {
  NONCE_BYTES,
  gatewayClaimsSchema,
  type AgentClaims,
  type Identity,
  type TokenAnswer,
  type TokenPort,
} from '../protocol/tokens.ts';
import type { ControlEvent, Link } from './link.ts';
import { randomText, type Random } from './random.ts';

/** An agent signs with its current secret; only gateways are asked to know an older one. */
const CURRENT_KEY = 0;

export type AuthReport =
  | { type: 'auth.accepted'; gatewayVersion: string; gatewayHost: string | null }
  | { type: 'auth.refused'; code: ErrorCode };

export type TokenEvent =
  | { type: 'token.signed'; token: string }
  | { type: 'token.verified'; answer: TokenAnswer };

interface AuthContext {
  link: Link;
  tokens: TokenPort;
  random: Random;
  identity: Identity;
  version: string;
  gatewayVersion: string;
  gatewayNonce: string;
  agentNonce: string;
  gatewayWallMs: number;
  proof: string;
  gatewayHost: string | null;
  refusal: ErrorCode;
}

export const authMachine = setup({
  types: {
    context: {} as AuthContext,
    input: {} as Pick<AuthContext, 'link' | 'tokens' | 'random' | 'identity' | 'version'>,
    events: {} as
      | Extract<ControlEvent, { type: 'control.hello' | 'control.auth_result' | 'control.challenge' }>
      | TokenEvent,
  },
  guards: {
    isAccepted: ({ event }) => event.type === 'control.auth_result' && event.message.ok,
    isProven: ({ context, event }) => event.type === 'token.verified' && isProof(event.answer, context),
  },
  actions: {
    takeChallenge: assign(({ context, event }) => {
      if (event.type !== 'control.hello' && event.type !== 'control.challenge') return {};
      const { message } = event;
      return {
        gatewayVersion: message.type === 'hello' ? message.version : context.gatewayVersion,
        gatewayNonce: message.nonce,
        gatewayWallMs: message.wallMs,
        agentNonce: randomText(context.random, NONCE_BYTES),
      };
    }),
    sign: ({ context, self }) => {
      const claims: AgentClaims = {
        ...context.identity,
        gatewayNonce: context.gatewayNonce,
        agentNonce: context.agentNonce,
      };
      context.tokens.sign('agent', claims, context.gatewayWallMs, CURRENT_KEY, (token) => {
        self.send({ type: 'token.signed', token });
      });
    },
    sendAuth: ({ context, event }) => {
      if (event.type !== 'token.signed') return;
      const { version, agentNonce } = context;
      context.link.send({ type: 'auth', version, token: event.token, nonce: agentNonce });
    },
    takeResult: assign(({ event }) => {
      if (event.type !== 'control.auth_result') return {};
      const { message } = event;
      return message.ok
        ? { proof: message.proof, gatewayHost: message.gatewayHost }
        : { refusal: message.code };
    }),
    verify: ({ context, self }) => {
      context.tokens.verify('gateway', context.proof, context.gatewayWallMs, (answer) => {
        self.send({ type: 'token.verified', answer });
      });
    },
    reportAccepted: sendParent(({ context }): AuthReport => ({
      type: 'auth.accepted',
      gatewayVersion: context.gatewayVersion,
      gatewayHost: context.gatewayHost,
    })),
    reportRefused: sendParent(({ context }): AuthReport => ({ type: 'auth.refused', code: context.refusal })),
  },
}).createMachine({
  id: 'auth',
  context: ({ input }) => ({
    ...input,
    gatewayVersion: '',
    gatewayNonce: '',
    agentNonce: '',
    gatewayWallMs: 0,
    proof: '',
    gatewayHost: null,
    refusal: 'auth_failed',
  }),
  initial: 'awaitingHello',
  states: {
    awaitingHello: {
      on: { 'control.hello': { target: 'signing', actions: 'takeChallenge' } },
    },
    signing: {
      entry: 'sign',
      on: { 'token.signed': { target: 'awaitingResult', actions: 'sendAuth' } },
    },
    awaitingResult: {
      on: {
        'control.auth_result': [
          { guard: 'isAccepted', target: 'verifying', actions: 'takeResult' },
          { target: 'refused', actions: 'takeResult' },
        ],
      },
    },
    verifying: {
      entry: 'verify',
      on: {
        'token.verified': [
          { guard: 'isProven', target: 'authenticated' },
          // A gateway that cannot prove the secret is refused as it would refuse us.
          { target: 'refused' },
        ],
      },
    },
    authenticated: {
      entry: 'reportAccepted',
      on: { 'control.challenge': { target: 'signing', actions: 'takeChallenge' } },
    },
    refused: { entry: 'reportRefused', type: 'final' },
  },
});

function isProof(answer: TokenAnswer, context: AuthContext): boolean {
  if (!answer.ok) return false;
  const claims = gatewayClaimsSchema.safeParse(answer.claims);
  return (
    claims.success &&
    claims.data.gatewayNonce === context.gatewayNonce &&
    claims.data.agentNonce === context.agentNonce &&
    claims.data.version === context.gatewayVersion
  );
}
