// Comparing what somebody claims to know with what is right.

import { createHash, timingSafeEqual } from 'node:crypto';

/** How long it takes does not depend on how much of it is right. */
export function isSameSecret(given: string, right: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(right));
}

/** Equal lengths for the comparison, whatever was given. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
