// Signs and verifies tokens with jose: HS256, one key per purpose, two secrets accepted during rotation.

import { hkdfSync } from 'node:crypto';
import { SignJWT, errors, jwtVerify } from 'jose';
import {
  KEY_PURPOSES,
  TOKEN_LIFETIME_SECONDS,
  type KeyPurpose,
  type TokenAnswer,
  type TokenPort,
} from '../protocol/tokens.ts';

const KEY_BYTES = 32;

/** How far the two ends' ideas of the gateway's clock may differ: one message's travel, taken generously. */
const CLOCK_TOLERANCE_SECONDS = 10;

/**
 * @param secrets the current secret first, then those still accepted.
 * @param onBug told of anything that is neither a valid nor an invalid token.
 */
export function createTokens(secrets: readonly string[], onBug: (error: unknown) => void): TokenPort {
  const keys = {
    agent: secrets.map((secret) => keyOf(secret, 'agent')),
    gateway: secrets.map((secret) => keyOf(secret, 'gateway')),
  };

  async function sign(purpose: KeyPurpose, claims: object, wallMs: number, which: number): Promise<string> {
    const key = keys[purpose][which];
    if (key === undefined) throw new Error('no secret to sign with');
    const seconds = Math.floor(wallMs / 1000);
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + TOKEN_LIFETIME_SECONDS)
      .sign(key);
  }

  async function verify(purpose: KeyPurpose, token: string, wallMs: number): Promise<TokenAnswer> {
    let reason = 'no secret to verify with';
    for (const [which, key] of keys[purpose].entries()) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          currentDate: new Date(wallMs),
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          maxTokenAge: TOKEN_LIFETIME_SECONDS,
          requiredClaims: ['iat', 'exp'],
        });
        return { ok: true, claims: payload, key: which };
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error;
        reason = error.code;
      }
    }
    return { ok: false, reason };
  }

  return {
    sign(purpose, claims, wallMs, key, onSigned) {
      sign(purpose, claims, wallMs, key).then(onSigned, onBug);
    },
    verify(purpose, token, wallMs, onVerified) {
      verify(purpose, token, wallMs).then(onVerified, onBug);
    },
  };
}

function keyOf(secret: string, purpose: KeyPurpose): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', KEY_PURPOSES[purpose], KEY_BYTES));
}
