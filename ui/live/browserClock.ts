// Owns the browser's timers, and the time by the agent's clock: everything that waits is told them, so that a test decides them.

export interface BrowserClock {
  /** Milliseconds since 1970, as the agent counts them: this browser's own clock may be off. */
  wallMs(): number;
  /** Calls back once; the returned function calls it off. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** From 0 up to 1. */
  chance(): number;
}

/** What a message takes on its way, or a clock drifts by. Raised: ages are wrong by as much; lowered: the time jumps with the network. */
const WAY_MS = 1_000;

/** By how much the agent's clock is ahead of this browser's. */
let aheadMs = 0;

export const browserClock: BrowserClock = {
  wallMs: () => Date.now() + aheadMs,
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  chance: () => Math.random(),
};

/** The agent has just said what time it has. From now on that is the time. */
export function followAgentClock(agentMs: number): void {
  const measuredMs = agentMs - Date.now();
  if (Math.abs(measuredMs - aheadMs) > WAY_MS) aheadMs = measuredMs;
}
