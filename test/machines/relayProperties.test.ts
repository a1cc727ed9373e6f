// Owns what holds for a relay whatever happens to it, in whatever order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RelayEvent } from '../../machines/relay.ts';
import { errorCodes } from '../../protocol/errors.ts';
import { relay } from './relayTable.ts';

describe('whatever happens in whatever order', () => {
  const code = fc.constantFrom(...errorCodes());
  const nowMs = fc.nat(200_000);
  const anyEvent: fc.Arbitrary<RelayEvent> = fc.oneof(
    fc.record({ type: fc.constantFrom('far.opened', 'near.ended', 'tick'), nowMs }),
    fc.record({ type: fc.constantFrom('far.invited', 'far.ended', 'near.left') }),
    fc.record({ type: fc.constant('far.answered'), isUpgrade: fc.boolean(), hasBody: fc.boolean() }),
    fc.record({ type: fc.constantFrom('far.failed', 'revoked'), code }),
    fc.record({ type: fc.constant('far.lost'), code, nowMs }),
  );
  const anyInput = fc.record({
    nowMs: fc.constant(0),
    isRepeatable: fc.boolean(),
    hasBody: fc.boolean(),
    isUpgrade: fc.boolean(),
    isHeldBack: fc.boolean(),
    openTimeoutMs: fc.nat(10_000),
    openTimeoutCode: code,
    reopenTimeoutMs: fc.nat(10_000),
    reopenTimeoutCode: code,
    headTimeoutMs: fc.option(fc.nat(60_000)),
  });

  test('a request ends at most once, is answered for at most once and sent as often as allowed', () => {
    fc.assert(
      fc.property(anyInput, fc.array(anyEvent, { maxLength: 30 }), (input, events) => {
        const subject = relay(input);
        const told: string[] = [];
        let hasEnded = false;
        for (const event of events) {
          const hadEnded = hasEnded;
          const { phase, effects, outcome, sends, deadlineMs } = subject.after(event);
          hasEnded = phase === 'ended';
          if (hadEnded) expect([hasEnded, effects]).toEqual([true, []]);
          expect(outcome !== null).toBe(hasEnded);
          if (hasEnded) expect(deadlineMs).toBeNull();
          told.push(...effects.map(({ type }) => type));
          expect(sends).toBeLessThanOrEqual(input.isRepeatable ? 2 : 1);
        }
        const count = (type: string) => told.filter((each) => each === type).length;
        const { outcome } = subject.now;
        expect(count('near.fail')).toBe(outcome?.kind === 'failed' ? 1 : 0);
        expect(count('near.cut')).toBe(outcome?.kind === 'cut' ? 1 : 0);
        expect(count('near.invite')).toBeLessThanOrEqual(input.isHeldBack ? 1 : 0);
        expect(count('far.abort')).toBeLessThanOrEqual(1);
      }),
      { numRuns: 3_000 },
    );
  });
});
