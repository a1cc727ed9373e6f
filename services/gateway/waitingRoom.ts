// Where requests wait for a tunnel: so many for each name, all of them asked again when a tunnel comes or goes.

/** Requests that wait for one name. Raised: a dead tunnel of a busy name holds more memory. */
export const MAX_HELD = 100;

export interface Waiter {
  /** The host, with the port where it is told: what a mapping is for. */
  readonly name: string;
  /** A tunnel came or went. */
  retry(): void;
}

export interface WaitingRoom<W extends Waiter> {
  /** False when too many wait for the same name already. */
  enter(waiter: W): boolean;
  leave(waiter: W): void;
}

/** `onChange` is told a listener that is called whenever tunnels change. */
export function createWaitingRoom<W extends Waiter>(
  onChange: (listener: () => void) => void,
): WaitingRoom<W> {
  const byName = new Map<string, Set<W>>();
  onChange(() => {
    for (const waiting of [...byName.values()]) for (const waiter of [...waiting]) waiter.retry();
  });
  return {
    enter(waiter) {
      const waiting = byName.get(waiter.name) ?? new Set();
      if (!waiting.has(waiter) && waiting.size >= MAX_HELD) return false;
      byName.set(waiter.name, waiting.add(waiter));
      return true;
    },
    leave(waiter) {
      const waiting = byName.get(waiter.name);
      waiting?.delete(waiter);
      if (waiting?.size === 0) byName.delete(waiter.name);
    },
  };
}
