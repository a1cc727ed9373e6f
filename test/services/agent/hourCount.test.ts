// Owns the tests of the counter of the last hour.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HourCount } from '../../../services/agent/hourCount.ts';

test('in whatever order they are counted, the sum is of the hour that ends now', () => {
  const minutes = fc.array(fc.integer({ min: 1_000, max: 1_200 }), { minLength: 1 });
  fc.assert(
    fc.property(minutes, fc.integer({ min: 0, max: 100 }), (given, later) => {
      const now = Math.max(...given) + later;
      const hour = new HourCount(given[0] ?? 0);
      for (const minute of given) hour.add(minute);
      expect(hour.sum(now)).toBe(given.filter((minute) => minute > now - 60).length);
    }),
  );
});
