// Time as machines see it: one port, so that a simulation can own it.

export interface Clock {
  /** Monotonic milliseconds: for durations and deadlines. */
  nowMs(): number;
  /** Milliseconds since 1970: for people and tokens. It may jump. */
  wallMs(): number;
  /** Calls back once after `delayMs`, never from inside this call; returns its cancel. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** What XState asks of a clock. Every root actor gets one: without it XState falls back to real timers silently. */
export function machineClock(clock: Clock) {
  const cancels = new Map<number, () => void>();
  let lastId = 0;
  return {
    setTimeout(callback: () => void, delayMs: number): number {
      lastId += 1;
      const id = lastId;
      cancels.set(
        id,
        clock.setTimer(delayMs, () => {
          cancels.delete(id);
          callback();
        }),
      );
      return id;
    },
    clearTimeout(id: number): void {
      cancels.get(id)?.();
      cancels.delete(id);
    },
  };
}
