// Owns simulated time: one queue of everything that will happen, ordered by due time, then by the order of asking.

import type { Clock } from '../../machines/clock.ts';

interface Task {
  readonly dueMs: number;
  readonly run: () => void;
  isOver: boolean;
}

/** Tasks that may run without the clock moving on. More is a loop that feeds itself. */
const MAX_STANDSTILL = 1_000_000;

export class SimulatedClock implements Clock {
  /** Latest first, so that the next one is popped off the end. */
  private readonly tasks: Task[] = [];
  private currentMs: number;
  private wallOffsetMs: number;
  private waiting = 0;

  constructor(startMs = 0, wallStartMs = Date.UTC(2026, 0, 1)) {
    this.currentMs = startMs;
    this.wallOffsetMs = wallStartMs - startMs;
  }

  nowMs(): number {
    return this.currentMs;
  }

  wallMs(): number {
    return this.currentMs + this.wallOffsetMs;
  }

  /** The wall clock is set: people do that. */
  jumpWall(byMs: number): void {
    this.wallOffsetMs += byMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const task: Task = { dueMs: this.currentMs + Math.max(0, delayMs), run: callback, isOver: false };
    this.tasks.splice(this.placeOf(task.dueMs), 0, task);
    this.waiting += 1;
    return () => {
      this.finish(task);
    };
  }

  /** An answer that must not come from inside the call: it is due now, after all that is due already. */
  post(callback: () => void): void {
    this.setTimer(0, callback);
  }

  /** Timers and posts that are neither run nor cancelled. */
  get pending(): number {
    return this.waiting;
  }

  /** When the next task is due; null when there is none. */
  get nextDueMs(): number | null {
    return this.peek()?.dueMs ?? null;
  }

  /** Moves to the due time of the next task and runs it; false when there is none. */
  runNext(): boolean {
    const task = this.peek();
    if (task === undefined) return false;
    this.tasks.pop();
    this.finish(task);
    this.currentMs = Math.max(this.currentMs, task.dueMs);
    task.run();
    return true;
  }

  /** Runs, one by one, all that is due up to and at `ms`, what those tasks ask for included. */
  runUntil(ms: number): void {
    let standstill = 0;
    let next = this.nextDueMs;
    while (next !== null && next <= ms) {
      standstill = next > this.currentMs ? 0 : standstill + 1;
      if (standstill > MAX_STANDSTILL) throw new Error(`time stands still at ${this.currentMs} ms`);
      this.runNext();
      next = this.nextDueMs;
    }
    this.currentMs = Math.max(this.currentMs, ms);
  }

  runFor(ms: number): void {
    this.runUntil(this.currentMs + ms);
  }

  /** Runs what is due already: every post, and the posts of those. */
  settle(): void {
    this.runUntil(this.currentMs);
  }

  private peek(): Task | undefined {
    let last = this.tasks.at(-1);
    while (last?.isOver === true) {
      this.tasks.pop();
      last = this.tasks.at(-1);
    }
    return last;
  }

  private finish(task: Task): void {
    if (task.isOver) return;
    task.isOver = true;
    this.waiting -= 1;
  }

  /** Before every task that is due at the same time or earlier, so that it runs after them. */
  private placeOf(dueMs: number): number {
    let low = 0;
    let high = this.tasks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.tasks[middle]?.dueMs ?? 0) > dueMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
