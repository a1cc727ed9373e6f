// A clock and a queue for tests: everything happens in order of due time, then of asking.

interface Task {
  readonly dueMs: number;
  readonly run: () => void;
}

export class Loop {
  nowMs = 0;
  private tasks: Task[] = [];

  get isIdle(): boolean {
    return this.tasks.length === 0;
  }

  schedule(run: () => void, delayMs = 0): void {
    const dueMs = this.nowMs + delayMs;
    let at = this.tasks.length;
    while (at > 0 && (this.tasks[at - 1]?.dueMs ?? 0) > dueMs) at -= 1;
    this.tasks.splice(at, 0, { dueMs, run });
  }

  /** Runs the next task; false when there is none. */
  step(): boolean {
    const task = this.tasks.shift();
    if (task === undefined) return false;
    this.nowMs = Math.max(this.nowMs, task.dueMs);
    task.run();
    return true;
  }

  /** Runs until nothing is left to do; `onStep` may check what must always hold. */
  settle(onStep?: () => void, maxSteps = 1_000_000): void {
    for (let steps = 0; this.step(); steps += 1) {
      onStep?.();
      if (steps > maxSteps) throw new Error('the queue never empties');
    }
  }
}
