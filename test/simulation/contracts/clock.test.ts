// What every Clock promises, simulated or real.

import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../machines/clock.ts';
import { systemClock } from '../../../services/clock.ts';
import { SimProcess } from '../simProcess.ts';
import { SimulatedClock } from '../simulatedClock.ts';
import { Trace } from '../trace.ts';

interface Subject {
  readonly clock: Clock;
  /** Resolved once that much of the clock's time has passed. */
  pass(ms: number): Promise<void>;
}

function simulated(): Subject {
  const clock = new SimulatedClock();
  return {
    clock,
    pass: async (ms) => {
      clock.runFor(ms);
    },
  };
}

function ofProcess(): Subject {
  const world = new SimulatedClock();
  const terms = { name: 'p', seed: 1, bootMs: 5_000, skewMs: -3_000 };
  const { clock } = new SimProcess(world, new Trace(world), terms);
  return {
    clock,
    pass: async (ms) => {
      world.runFor(ms);
    },
  };
}

function system(): Subject {
  return { clock: systemClock, pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 20)) };
}

describe.each([
  ['simulated', simulated],
  ["simulated process's", ofProcess],
  ['system', system],
])('the %s clock', (_name, make) => {
  it('calls back once, after the delay, and never from inside the call', async () => {
    const { clock, pass } = make();
    const startMs = clock.nowMs();
    const calledMs: number[] = [];
    clock.setTimer(30, () => calledMs.push(clock.nowMs()));
    clock.setTimer(0, () => calledMs.push(clock.nowMs()));
    expect(calledMs).toEqual([]);
    await pass(80);
    expect(calledMs).toHaveLength(2);
    // Timers may be early by a fraction of a millisecond.
    expect(calledMs[1]).toBeGreaterThanOrEqual(startMs + 29);
  });

  it('calls in the order of due times', async () => {
    const { clock, pass } = make();
    const called: string[] = [];
    clock.setTimer(40, () => called.push('late'));
    clock.setTimer(5, () => called.push('soon'));
    await pass(80);
    expect(called).toEqual(['soon', 'late']);
  });

  it('does not call what was cancelled, and a late cancel does nothing', async () => {
    const { clock, pass } = make();
    const called: string[] = [];
    const cancel = clock.setTimer(10, () => called.push('cancelled'));
    const cancelLate = clock.setTimer(10, () => called.push('called'));
    cancel();
    cancel();
    await pass(50);
    cancelLate();
    expect(called).toEqual(['called']);
  });

  it('never goes back, and its wall clock tells milliseconds since 1970', async () => {
    const { clock, pass } = make();
    const before = clock.nowMs();
    await pass(10);
    expect(clock.nowMs()).toBeGreaterThan(before);
    expect(clock.wallMs()).toBeGreaterThan(Date.UTC(2025, 0, 1));
  });
});
