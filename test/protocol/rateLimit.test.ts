// A token bucket: its burst, its refill, its ceiling.

import { describe, expect, it } from 'vitest';
import { createRateLimit } from '../../protocol/rateLimit.ts';

describe('a rate limit', () => {
  const takeAll = (limit: { take(nowMs: number): boolean }, nowMs: number): number => {
    let taken = 0;
    while (limit.take(nowMs)) taken += 1;
    return taken;
  };

  it('lets a burst pass at once, whatever the clock starts at', () => {
    expect(takeAll(createRateLimit(10, 3), 0)).toBe(3);
    expect(takeAll(createRateLimit(10, 3), 1_000_000)).toBe(3);
  });

  it('fills at its rate, in parts of a token as well', () => {
    const limit = createRateLimit(10, 3);
    takeAll(limit, 0);
    expect(limit.take(99)).toBe(false);
    expect(limit.take(100)).toBe(true);
    expect(limit.take(150)).toBe(false);
    expect(limit.take(200)).toBe(true);
    expect(takeAll(limit, 400)).toBe(2);
  });

  it('never holds more than its burst', () => {
    const limit = createRateLimit(10, 3);
    takeAll(limit, 0);
    expect(takeAll(limit, 3_600_000)).toBe(3);
  });
});
