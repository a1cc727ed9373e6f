// What the two ends prove to each other, and the port that signs and verifies it.

import { z } from 'zod';

/** Bytes of a nonce: 128 bits cannot be guessed or met twice. */
export const NONCE_BYTES = 16;

/** A token is accepted this long after it was signed. Raised: a captured token stays useful for longer (the nonce still binds it). */
export const TOKEN_LIFETIME_SECONDS = 60;

/** One key per purpose, derived from the shared secret by HKDF-SHA-256 (RFC 5869) with this as `info`. */
export const KEY_PURPOSES = {
  agent: 'octoporty.v1 agent token',
  gateway: 'octoporty.v1 gateway proof',
} as const;
export type KeyPurpose = keyof typeof KEY_PURPOSES;

/** 16 bytes in base64url. */
const nonce = z.string().regex(/^[\w-]{22}$/);

/** Who dials: the same agent restarted has another epoch, the same process dialling again another attempt. */
export const identitySchema = z.object({
  agentId: z.uuid(),
  /** Drawn at each start of the agent's process; compared for equality only. */
  epoch: z.string().min(1).max(64),
  /** Which of the agent's parallel tunnels. */
  slot: z.int().min(0).max(63),
  /** Rises with every dial of one epoch and slot. */
  attempt: z.int().min(1),
});
export type Identity = z.infer<typeof identitySchema>;

/** The agent's claim in `auth`: both nonces bind it to this handshake. */
export const agentClaimsSchema = identitySchema.extend({ gatewayNonce: nonce, agentNonce: nonce });
export type AgentClaims = z.infer<typeof agentClaimsSchema>;

/** The gateway's proof in `auth_result`: it knows the secret too, and speaks this version. */
export const gatewayClaimsSchema = z.object({
  gatewayNonce: nonce,
  agentNonce: nonce,
  version: z.string().min(1).max(64),
});
export type GatewayClaims = z.infer<typeof gatewayClaimsSchema>;

/** Answers a `TokenPort` call; never from inside the call. */
export type TokenAnswer =
  | { readonly ok: true; readonly claims: unknown; readonly key: number }
  | { readonly ok: false; readonly reason: string };

/**
 * Signs and verifies JWTs (RFC 7519, HS256). `wallMs` is the gateway's wall clock in milliseconds as both ends know it
 * from `hello`, so that a skewed clock on either machine changes nothing. `key` counts the secrets from 0, the current
 * one: while a secret is rotated, the gateway proves that it knows the one its agent signed with.
 */
export interface TokenPort {
  sign(
    purpose: KeyPurpose,
    claims: AgentClaims | GatewayClaims,
    wallMs: number,
    key: number,
    onSigned: (token: string) => void,
  ): void;
  verify(purpose: KeyPurpose, token: string, wallMs: number, onVerified: (answer: TokenAnswer) => void): void;
}
