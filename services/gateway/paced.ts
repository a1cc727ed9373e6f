// When an agent is told what has moved: in a turn of its own, so that moves that come together are told once, and when it is due.

import type { Clock } from '../../machines/clock.ts';
import type { ScheduleFlush } from '../../protocol/wire.ts';

export interface PacedOptions {
  readonly clock: Clock;
  readonly schedule: ScheduleFlush;
  /** When what has moved until now is to be told, on the clock's monotonic time; null: there is nothing to tell. */
  readonly dueMs: () => number | null;
  readonly tell: () => void;
}

export class Paced {
  private readonly options: PacedOptions;
  private isLookDue = false;
  private timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  private isOver = false;

  constructor(options: PacedOptions) {
    this.options = options;
  }

  /** Something may stand otherwise than it was told. */
  onMoved(): void {
    if (this.isLookDue || this.isOver) return;
    this.isLookDue = true;
    this.options.schedule(() => {
      this.isLookDue = false;
      this.look();
    });
  }

  /** The same, in this turn: not all was told. */
  look(): void {
    if (this.isOver) return;
    const dueMs = this.options.dueMs();
    if (dueMs !== null) this.tellAt(dueMs);
  }

  /** Nothing is told any more. */
  stop(): void {
    this.isOver = true;
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** What is due first counts. */
  private tellAt(dueMs: number): void {
    if (this.timer !== undefined && this.timer.dueMs <= dueMs) return;
    this.timer?.cancel();
    this.timer = undefined;
    const waitMs = dueMs - this.options.clock.nowMs();
    if (waitMs <= 0) this.options.tell();
    else this.timer = { dueMs, cancel: this.options.clock.setTimer(waitMs, () => this.onDue()) };
  }

  private onDue(): void {
    this.timer = undefined;
    this.options.tell();
  }
}
