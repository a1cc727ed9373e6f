// Owns simulated chance: a seed decides everything, and a test may fix the draws it is about.

import type { Random } from '../../machines/random.ts';

/** The same seed gives the same bytes, on every machine (mulberry32). */
export class SeededRandom implements Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.word() >>> 24);
  }

  /** Evenly spread in [0, 1). */
  fraction(): number {
    return this.word() / 0x1_0000_0000;
  }

  /** A whole number from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }

  private word(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

/** Each draw of a fraction gives `value` (0 ≤ value < 1), as exactly as 32 bits can. */
export function fixedRandom(value: number): Random {
  const word = Math.floor(value * 0x1_0000_0000);
  const pattern = [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff);
  return { bytes: (count) => Uint8Array.from({ length: count }, (_, at) => pattern[at % 4] ?? 0) };
}
