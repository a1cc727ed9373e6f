// What every Random promises, simulated or real.

import { describe, expect, it } from 'vitest';
import { fraction, randomText, type Random } from '../../../machines/random.ts';
import { systemRandom } from '../../../services/random.ts';
import { SeededRandom } from '../seededRandom.ts';

const SUBJECTS: readonly (readonly [string, () => Random])[] = [
  ['seeded', () => new SeededRandom(9)],
  ['system', () => systemRandom],
];

describe.each(SUBJECTS)('the %s random', (_name, make) => {
  it('gives as many bytes as asked for', () => {
    const random = make();
    for (const count of [0, 1, 16, 1_000]) expect(random.bytes(count)).toHaveLength(count);
  });

  it('uses every byte value, about equally often', () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of make().bytes(256_000)) counts[byte] = (counts[byte] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });

  it('never gives the same nonce twice', () => {
    const random = make();
    const nonces = Array.from({ length: 2_000 }, () => randomText(random, 16));
    expect(new Set(nonces).size).toBe(2_000);
  });

  it('spreads fractions evenly in [0, 1)', () => {
    const random = make();
    const fractions = Array.from({ length: 4_000 }, () => fraction(random));
    const mean = fractions.reduce((sum, each) => sum + each, 0) / fractions.length;
    expect(fractions.every((each) => each >= 0 && each < 1)).toBe(true);
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
  });
});
