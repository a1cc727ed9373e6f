// One coarse timer for many deadlines: what is in it gets a tick now and then, and no timer runs when it is empty.

import type { Clock } from '../machines/clock.ts';

/** Deadlines are seconds: a quarter of one is close enough. Lowered: an idle gateway with many relays wakes more often. */
const SWEEP_MS = 250;

export interface Sweep<T> {
  add(item: T): void;
  delete(item: T): void;
  readonly items: ReadonlySet<T>;
}

export function createSweep<T>(clock: Clock, tick: (item: T, nowMs: number) => void): Sweep<T> {
  const items = new Set<T>();
  let cancel: (() => void) | undefined;

  function arm(): void {
    cancel ??= clock.setTimer(SWEEP_MS, () => {
      // Before the ticks: one that makes room for another item arms the next timer, and there is never a second.
      cancel = undefined;
      const nowMs = clock.nowMs();
      for (const item of [...items]) tick(item, nowMs);
      if (items.size > 0) arm();
    });
  }

  return {
    items,
    add(item) {
      items.add(item);
      arm();
    },
    delete(item) {
      items.delete(item);
      if (items.size > 0) return;
      cancel?.();
      cancel = undefined;
    },
  };
}
