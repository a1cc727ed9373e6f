// One simulated process: its clock, its callbacks and its randomness, all of which die with it at once.

import type { Clock } from '../../machines/clock.ts';
import type { ScheduleFlush } from '../../protocol/wire.ts';
import type { SimulatedClock } from './simulatedClock.ts';
import type { Trace } from './trace.ts';
import { SeededRandom } from './seededRandom.ts';

export interface ProcessTerms {
  readonly name: string;
  readonly seed: number;
  /** What its monotonic clock reads at the start of the world: no two machines agree. */
  readonly bootMs: number;
  /** How far its wall clock is off. */
  readonly skewMs: number;
}

export class SimProcess {
  readonly name: string;
  readonly random: SeededRandom;
  readonly clock: Clock;
  isAlive = true;
  private readonly world: SimulatedClock;
  private readonly trace: Trace;
  private readonly cancels = new Set<() => void>();
  private timers = 0;

  constructor(world: SimulatedClock, trace: Trace, terms: ProcessTerms) {
    this.world = world;
    this.trace = trace;
    this.name = terms.name;
    this.random = new SeededRandom(terms.seed);
    this.clock = {
      nowMs: () => world.nowMs() + terms.bootMs,
      wallMs: () => world.wallMs() + terms.skewMs,
      setTimer: (delayMs, callback) => this.setTimer(delayMs, callback),
    };
  }

  /** Timers asked of the clock port that are neither run nor cancelled. */
  get pendingTimers(): number {
    return this.timers;
  }

  readonly schedule: ScheduleFlush = (flush) => {
    this.after(0, 'flush', flush);
  };

  /** A callback of a port, which a dead process never hears. Returns its cancel. */
  after(delayMs: number, what: string, callback: () => void): () => void {
    if (!this.isAlive) return ignore;
    const cancel = this.world.setTimer(delayMs, () => {
      this.cancels.delete(cancel);
      this.trace.note(this.name, what);
      callback();
    });
    this.cancels.add(cancel);
    return () => {
      this.cancels.delete(cancel);
      cancel();
    };
  }

  /** Nothing of it ever happens again. */
  kill(): void {
    this.isAlive = false;
    this.timers = 0;
    for (const cancel of this.cancels) cancel();
    this.cancels.clear();
  }

  private setTimer(delayMs: number, callback: () => void): () => void {
    if (!this.isAlive) return ignore;
    let isPending = true;
    this.timers += 1;
    const settle = () => {
      if (!isPending) return;
      isPending = false;
      this.timers -= 1;
    };
    const cancel = this.after(delayMs, 'timer', () => {
      settle();
      callback();
    });
    return () => {
      settle();
      cancel();
    };
  }
}

function ignore(): void {}
