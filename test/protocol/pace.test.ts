// How far a sender may run ahead: a floor, about half a second at the delivered rate, and a count that wraps.

import { describe, expect, it } from 'vitest';
import { AHEAD_MS, MIN_AHEAD_BYTES } from '../../protocol/limits.ts';
import { Pace } from '../../protocol/pace.ts';

const MIB = 1024 * 1024;

describe('the pace', () => {
  it('allows the floor before anything is known, less what is under way', () => {
    const pace = new Pace();
    expect(pace.allowanceBytes).toBe(MIN_AHEAD_BYTES);
    pace.onSent(1000, 0);
    expect(pace.aheadBytes).toBe(1000);
    expect(pace.allowanceBytes).toBe(MIN_AHEAD_BYTES - 1000);
    expect(pace.onReport(600, 10)).toBe(true);
    expect(pace.aheadBytes).toBe(400);
    expect(pace.allowanceBytes).toBe(MIN_AHEAD_BYTES - 400);
  });

  it('allows half a second at the rate that was delivered', () => {
    const pace = new Pace();
    pace.onSent(4 * MIB, 1000);
    expect(pace.onReport(2 * MIB, 1100)).toBe(true);
    expect(pace.allowanceBytes).toBe((2 * MIB * AHEAD_MS) / 100 - 2 * MIB);
  });

  it('allows whole bytes only, whatever the rate', () => {
    const pace = new Pace();
    pace.onSent(4 * MIB, 0);
    pace.onReport(4 * MIB - 1, 1050.3);
    expect(pace.allowanceBytes).toBe(Math.floor(((4 * MIB - 1) / 1050.3) * AHEAD_MS) - 1);
  });

  it('takes no rate over less than 50 ms', () => {
    const pace = new Pace();
    pace.onSent(4 * MIB, 0);
    pace.onReport(MIB, 49);
    expect(pace.allowanceBytes).toBe(MIN_AHEAD_BYTES - 3 * MIB);
    pace.onReport(2 * MIB, 50);
    expect(pace.allowanceBytes).toBe((2 * MIB * AHEAD_MS) / 50 - 2 * MIB);
  });

  it('measures each sample from the end of the last', () => {
    const pace = new Pace();
    pace.onSent(100 * MIB, 0);
    pace.onReport(MIB, 100);
    pace.onReport(4 * MIB, 200);
    expect(pace.allowanceBytes).toBe((3 * MIB * AHEAD_MS) / 100 - 96 * MIB);
  });

  it('falls by a fifth with each slower sample, down to the rate that is true', () => {
    const pace = new Pace();
    pace.onSent(MIB, 0);
    pace.onReport(MIB, 100);
    const rates: number[] = [];
    for (let n = 1; n <= 4; n += 1) {
      pace.onSent(MIB / 2, n * 100);
      pace.onReport(MIB + (n * MIB) / 2, n * 100 + 100);
      rates.push(pace.allowanceBytes / AHEAD_MS / (MIB / 100));
    }
    expect(rates.map((rate) => Math.round(rate * 1000) / 1000)).toEqual([0.8, 0.64, 0.512, 0.5]);
  });

  it('starts a sample anew when nothing was under way: idle time is no slow link', () => {
    const pace = new Pace();
    pace.onSent(1000, 0);
    pace.onReport(1000, 10);
    pace.onSent(MIB, 100_000);
    pace.onSent(MIB, 100_050);
    pace.onReport(1000 + 2 * MIB, 100_100);
    expect(pace.allowanceBytes).toBe((2 * MIB * AHEAD_MS) / 100);
  });

  it('refuses a report of more than was sent, and keeps its count', () => {
    const pace = new Pace();
    pace.onSent(1000, 0);
    expect(pace.onReport(1001, 1)).toBe(false);
    expect(pace.aheadBytes).toBe(1000);
    expect(pace.onReport(1000, 1)).toBe(true);
    expect(pace.onReport(1000, 1)).toBe(true);
    expect(pace.onReport(999, 1)).toBe(false);
  });

  it('counts on where the report wraps at 2^32', () => {
    const pace = new Pace();
    const nearlyAll = 2 ** 32 - 10;
    pace.onSent(nearlyAll, 0);
    expect(pace.onReport(nearlyAll, 1)).toBe(true);
    pace.onSent(30, 1);
    expect(pace.onReport(20, 2)).toBe(true);
    expect(pace.aheadBytes).toBe(0);
    expect(pace.onReport(21, 3)).toBe(false);
    pace.onSent(2 ** 32 - 1, 3);
    expect(pace.onReport(19, 4)).toBe(true);
    expect(pace.aheadBytes).toBe(0);
  });
});
