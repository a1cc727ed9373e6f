// Owns the tests of the latencies: that few numbers tell percentiles closely enough.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Latencies } from '../../../services/agent/latencies.ts';

function latenciesOf(durations: readonly number[]) {
  const latencies = new Latencies();
  for (const durationMs of durations) latencies.add(durationMs);
  return latencies;
}

test('without a duration there is no percentile', () => {
  expect(new Latencies().quantile(0.5)).toBeNull();
});

test('whatever the durations, a percentile is told to within a tenth of the exact one', () => {
  const durations = fc.array(fc.double({ min: 0.1, max: 86_400_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.95), (given, share) => {
      const exact = given.toSorted((one, other) => one - other)[Math.ceil(given.length * share) - 1] ?? 0;
      const told = latenciesOf(given).quantile(share) ?? 0;
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact / 10);
    }),
  );
});

test('durations too short to tell apart are told as the shortest', () => {
  expect(latenciesOf([0, 0.001, 0.05]).quantile(0.5)).toBe(0.109);
});
