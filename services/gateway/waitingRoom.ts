// Where requests wait for a tunnel: so many for each host, all of them asked again when a tunnel comes or goes.

/** Requests that wait for one host. Raised: a dead tunnel of a busy host holds more memory. */
export const MAX_HELD = 100;

export interface Waiter {
  readonly host: string;
  /** A tunnel came or went. */
  retry(): void;
}

export interface WaitingRoom<W extends Waiter> {
  /** False when too many wait for the same host already. */
  enter(waiter: W): boolean;
  leave(waiter: W): void;
}

/** `onChange` is told a listener that is called whenever tunnels change. */
export function createWaitingRoom<W extends Waiter>(
  onChange: (listener: () => void) => void,
): WaitingRoom<W> {
  const byHost = new Map<string, Set<W>>();
  onChange(() => {
    for (const waiting of [...byHost.values()]) for (const waiter of [...waiting]) waiter.retry();
  });
  return {
    enter(waiter) {
      const waiting = byHost.get(waiter.host) ?? new Set();
      if (!waiting.has(waiter) && waiting.size >= MAX_HELD) return false;
      byHost.set(waiter.host, waiting.add(waiter));
      return true;
    },
    leave(waiter) {
      const waiting = byHost.get(waiter.host);
      waiting?.delete(waiter);
      if (waiting?.size === 0) byHost.delete(waiter.host);
    },
  };
}
