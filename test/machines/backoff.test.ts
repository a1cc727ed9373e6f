// Owns the tests of when the agent dials again.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_GAP_MS, backoffMachine, overlapMs, restMs, type BackoffInput } from '../../machines/backoff.ts';
import { SeededRandom, fixedRandom } from '../simulation/seededRandom.ts';
import { TransitionCoverage } from './coverage.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(backoffMachine);
const ALMOST_ONE = 1 - 2 ** -32;

/** The gaps between dials that a backoff asks for within a minute, in milliseconds. */
function gapsOf(input: BackoffInput): number[] {
  const { clock, reports } = stage(backoffMachine, input, coverage.inspect);
  const gaps: number[] = [];
  let lastMs = clock.nowMs();
  while (clock.nowMs() < 60_000 && clock.runNext()) {
    expect(reports()).toEqual([{ type: 'dial.due' }]);
    gaps.push(clock.nowMs() - lastMs);
    lastMs = clock.nowMs();
  }
  return gaps;
}

test('the ceiling of a rest doubles from a quarter of a second and stops at three seconds', () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 40, 5_000].map((dials) => restMs(dials, fixedRandom(ALMOST_ONE)));
  expect(ceilings).toEqual([249, 499, 999, 1_999, 2_999, 2_999, 2_999, 2_999]);
});

test('a rest is at least 20 ms, so that a gateway that refuses at once is not dialled in a busy loop', () => {
  expect(restMs(0, fixedRandom(0))).toBe(20);
  expect(restMs(9, fixedRandom(0.001))).toBe(20);
  expect(restMs(9, fixedRandom(0.0125))).toBe(37);
});

test('a dial beside another waits between two and a half and three seconds', () => {
  expect(overlapMs(fixedRandom(0))).toBe(2_500);
  expect(overlapMs(fixedRandom(0.5))).toBe(2_750);
  expect(overlapMs(fixedRandom(ALMOST_ONE))).toBe(2_999);
});

test('gaps spread roughly evenly over their whole range (full jitter)', () => {
  for (const [draw, lowMs] of [
    [restMs.bind(null, 9), 0],
    [overlapMs, 2_500],
  ] as const) {
    const random = new SeededRandom(3);
    const fifths = [0, 0, 0, 0, 0];
    for (let at = 0; at < 5_000; at += 1) {
      const fifth = Math.floor(((draw(random) - lowMs) / (MAX_GAP_MS - lowMs)) * 5);
      fifths[fifth] = (fifths[fifth] ?? 0) + 1;
    }
    for (const count of fifths) expect(count).toBeGreaterThan(900);
  }
});

test('the first dial of a fresh start is due at once, the following after growing rests', () => {
  const gaps = gapsOf({ random: fixedRandom(0.5), dials: 0, pace: 'now' });
  expect(gaps.slice(0, 6)).toEqual([0, 250, 500, 1_000, 1_500, 1_500]);
});

test('after a dial in vain the first rest is under the ceiling of the dials so far', () => {
  const gaps = gapsOf({ random: fixedRandom(0.5), dials: 1, pace: 'rested' });
  expect(gaps.slice(0, 5)).toEqual([250, 500, 1_000, 1_500, 1_500]);
});

test('beside a dial under way every gap is an overlap', () => {
  const gaps = gapsOf({ random: fixedRandom(0), dials: 0, pace: 'beside' });
  expect(gaps.slice(0, 3)).toEqual([2_500, 2_500, 2_500]);
});

test('whatever the draws, no gap is longer than three seconds and the next dial is always due', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.nat(10_000),
      fc.constantFrom('now' as const, 'rested' as const, 'beside' as const),
      (seed, dials, pace) => {
        const gaps = gapsOf({ random: new SeededRandom(seed), dials, pace });
        const [first = -1, ...later] = gaps;
        expect(first).toBeGreaterThanOrEqual({ now: 0, rested: 20, beside: 2_500 }[pace]);
        expect(Math.min(...later)).toBeGreaterThanOrEqual(pace === 'beside' ? 2_500 : 20);
        expect(Math.max(...gaps)).toBeLessThan(MAX_GAP_MS);
        expect(gaps.length).toBeGreaterThanOrEqual(20);
      },
    ),
    { numRuns: 50 },
  );
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
