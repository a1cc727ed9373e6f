// Owns the tests of what tests stand on here: the simulated clock and chance, and the machines' ports to them.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { machineClock } from '../../machines/clock.ts';
import { controlEvent } from '../../machines/link.ts';
import { fraction, randomText } from '../../machines/random.ts';
import { SeededRandom, fixedRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';

describe('the simulated clock', () => {
  test('runs what is due in the order of due times, then of asking', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 40 }), (delays) => {
        const clock = new SimulatedClock();
        const ran: { delay: number; at: number; nowMs: number }[] = [];
        for (const [at, delay] of delays.entries())
          clock.setTimer(delay, () => ran.push({ delay, at, nowMs: clock.nowMs() }));
        clock.runUntil(50);
        const asked = delays.map((delay, at) => ({ delay, at, nowMs: delay }));
        expect(ran).toEqual(asked.sort((a, b) => a.delay - b.delay || a.at - b.at));
        expect(clock.pending).toBe(0);
      }),
    );
  });

  test('runs chained timers at their own due times within one run', () => {
    const clock = new SimulatedClock();
    const ticks: number[] = [];
    const tick = () => {
      ticks.push(clock.nowMs());
      clock.setTimer(10, tick);
    };
    clock.setTimer(10, tick);
    clock.runFor(45);
    expect(ticks).toEqual([10, 20, 30, 40]);
    expect(clock.nowMs()).toBe(45);
    expect(clock.nextDueMs).toBe(50);
  });

  test('never calls back from inside the call, and counts what is pending', () => {
    const clock = new SimulatedClock();
    const ran: string[] = [];
    clock.post(() => {
      ran.push('first');
      clock.post(() => ran.push('second'));
    });
    const cancel = clock.setTimer(0, () => ran.push('cancelled'));
    cancel();
    cancel();
    expect([ran, clock.pending]).toEqual([[], 1]);
    clock.settle();
    expect([ran, clock.pending, clock.runNext()]).toEqual([['first', 'second'], 0, false]);
  });

  test('keeps the wall clock apart: it may jump, durations do not', () => {
    const clock = new SimulatedClock(5, 1_000);
    clock.jumpWall(60_000);
    clock.runUntil(15);
    expect([clock.nowMs(), clock.wallMs()]).toEqual([15, 61_010]);
  });
});

describe("a machine's clock", () => {
  test('fires once, and a cleared timer never', () => {
    const clock = new SimulatedClock();
    const ran: string[] = [];
    const timers = machineClock(clock);
    const first = timers.setTimeout(() => ran.push('first'), 10);
    const second = timers.setTimeout(() => ran.push('second'), 10);
    timers.clearTimeout(first);
    timers.clearTimeout(first);
    timers.clearTimeout(99);
    expect(clock.pending).toBe(1);
    clock.runFor(20);
    timers.clearTimeout(second);
    expect([ran, clock.pending]).toEqual([['second'], 0]);
  });

  test('forgets a timer before it runs, so that its callback may set the next one', () => {
    const cancelled: number[] = [];
    const due: (() => void)[] = [];
    const timers = machineClock({
      nowMs: () => 0,
      wallMs: () => 0,
      setTimer: (_, callback) => {
        const at = due.push(callback);
        return () => cancelled.push(at);
      },
    });
    const id = timers.setTimeout(() => {
      timers.clearTimeout(id);
    }, 1);
    due[0]?.();
    expect(cancelled).toEqual([]);
  });

  test('cancels a timer that is cleared twice only once, and keeps nothing of it', () => {
    let cancels = 0;
    const timers = machineClock({
      nowMs: () => 0,
      wallMs: () => 0,
      setTimer: () => () => {
        cancels += 1;
      },
    });
    const id = timers.setTimeout(() => {}, 1);
    timers.clearTimeout(id);
    timers.clearTimeout(id);
    expect(cancels).toBe(1);
  });
});

describe('randomness', () => {
  test('a fraction spreads evenly over [0, 1) and uses all four bytes', () => {
    expect(fraction(fixedRandom(0))).toBe(0);
    expect(fraction(fixedRandom(0.5))).toBe(0.5);
    expect(fraction({ bytes: () => Uint8Array.of(255, 255, 255, 255) })).toBe(1 - 2 ** -32);
    expect(fraction({ bytes: () => Uint8Array.of(1, 2, 3, 4) })).toBe(0x01020304 / 2 ** 32);
    const random = new SeededRandom(7);
    const tenths = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const at = Math.floor(fraction(random) * 10);
      tenths[at] = (tenths[at] ?? 0) + 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(880);
    expect(Math.max(...tenths)).toBeLessThan(1_120);
  });

  test('the same seed tells the same story, another seed another', () => {
    const told = (seed: number) => randomText(new SeededRandom(seed), 16);
    expect(told(1)).toBe(told(1));
    expect(told(1)).not.toBe(told(2));
    expect(told(1)).toMatch(/^[\w-]{22}$/);
  });

  test('random text is base64url without padding', () => {
    expect(randomText({ bytes: () => Uint8Array.of(0xfb, 0xff, 0xfe, 0x01) }, 4)).toBe('-__-AQ');
  });
});

test('a control message becomes the event of its own name', () => {
  const message = { type: 'heartbeat', timestamp: 5 } as const;
  expect(controlEvent(message)).toEqual({ type: 'control.heartbeat', message });
});
