// The simulated TokenPort: a token names its secret in clear, and answers come after a while.

import { z } from 'zod';
import { TOKEN_LIFETIME_SECONDS, type TokenPort } from '../../protocol/tokens.ts';
import type { SimProcess } from './simProcess.ts';

/** A hash takes well under this long. */
const MAX_LATENCY_MS = 3;

/** As the real one: one message's travel, taken generously. */
const TOLERANCE_MS = 10_000;

const tokenSchema = z.object({
  secret: z.string(),
  purpose: z.enum(['agent', 'gateway']),
  wallMs: z.number(),
  claims: z.unknown(),
});

export function createSimTokens(process: SimProcess, secrets: readonly string[]): TokenPort {
  return {
    sign(purpose, claims, wallMs, key, onSigned) {
      const secret = secrets[key] ?? '';
      process.after(process.random.between(0, MAX_LATENCY_MS), `signed ${purpose}`, () => {
        const token = JSON.stringify({ secret, purpose, wallMs, claims });
        onSigned(Buffer.from(token).toString('base64url'));
      });
    },
    verify(purpose, text, wallMs, onVerified) {
      process.after(process.random.between(0, MAX_LATENCY_MS), `verified ${purpose}`, () => {
        const token = tokenSchema.safeParse(parse(text));
        if (!token.success) {
          onVerified({ ok: false, reason: 'not a token' });
          return;
        }
        const { secret, claims, wallMs: signedMs } = token.data;
        const ageMs = wallMs - signedMs;
        if (token.data.purpose !== purpose || !secrets.includes(secret)) {
          onVerified({ ok: false, reason: 'a wrong signature' });
          return;
        }
        if (ageMs > TOKEN_LIFETIME_SECONDS * 1000 + TOLERANCE_MS || ageMs < -TOLERANCE_MS) {
          onVerified({ ok: false, reason: 'expired' });
          return;
        }
        onVerified({ ok: true, claims, key: secrets.indexOf(token.data.secret) });
      });
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
