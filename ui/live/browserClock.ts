// Owns the browser's time and timers: everything that waits is told them, so that a test decides them.

export interface BrowserClock {
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Calls back once; the returned function calls it off. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** From 0 up to 1. */
  chance(): number;
}

export const browserClock: BrowserClock = {
  wallMs: () => Date.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  chance: () => Math.random(),
};
