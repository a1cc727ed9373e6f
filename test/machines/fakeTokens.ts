// Owns tokens that anybody could forge but no machine does: a secret, a purpose and the claims, in plain text.

import { z } from 'zod';
import {
  TOKEN_LIFETIME_SECONDS,
  type AgentClaims,
  type GatewayClaims,
  type KeyPurpose,
  type TokenAnswer,
  type TokenPort,
} from '../../protocol/tokens.ts';

export const fakeTokenSchema = z.object({
  secret: z.string(),
  purpose: z.string(),
  wallMs: z.number(),
  claims: z.unknown(),
});

export class FakeTokens implements TokenPort {
  private readonly secrets: readonly string[];
  private readonly post: (answer: () => void) => void;

  /** Knows one secret, or several, the current one first. `post` brings each answer later: never from inside the call. */
  constructor(secret: string | readonly string[], post: (answer: () => void) => void) {
    this.secrets = [secret].flat();
    this.post = post;
  }

  sign(
    purpose: KeyPurpose,
    claims: AgentClaims | GatewayClaims,
    wallMs: number,
    key: number,
    onSigned: (token: string) => void,
  ): void {
    this.post(() => {
      onSigned(JSON.stringify({ secret: this.secrets[key], purpose, wallMs, claims }));
    });
  }

  verify(
    purpose: KeyPurpose,
    token: string,
    wallMs: number,
    onVerified: (answer: TokenAnswer) => void,
  ): void {
    this.post(() => {
      onVerified(this.judge(purpose, token, wallMs));
    });
  }

  private judge(purpose: KeyPurpose, token: string, wallMs: number): TokenAnswer {
    const parsed = fakeTokenSchema.parse(JSON.parse(token));
    const key = this.secrets.indexOf(parsed.secret);
    if (key < 0) return { ok: false, reason: 'another secret' };
    if (parsed.purpose !== purpose) return { ok: false, reason: 'another purpose' };
    const ageMs = wallMs - parsed.wallMs;
    if (Math.abs(ageMs) > TOKEN_LIFETIME_SECONDS * 1000) return { ok: false, reason: 'too old' };
    return { ok: true, claims: parsed.claims, key };
  }
}
