// Comparing what somebody claims to know with what is right.

import { createHash, timingSafeEqual } from 'node:crypto';

/** How long it takes does not depend on how much of it is right. */
export function isSameSecret(given: string, right: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(right));
}

/** Whether an `Authorization` line holds this token (RFC 6750 §2.1); without a token, none does. */
export function bearsToken(authorization: string | undefined, token: string | null): boolean {
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && token !== null && isSameSecret(given, token);
}

/** Equal lengths for the comparison, whatever was given. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
