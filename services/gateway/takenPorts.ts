// Ports that Caddy could not listen on, as another program has them or it may not: one of them would keep every other change away, as a write is all or nothing.

/** After this their routes are tried again. Raised: a port that is free again is served later; lowered: Caddy is asked for nothing more often. */
export const RETRY_MS = 30_000;

export class TakenPorts {
  /** When it is tried again, on the clock of the caller, by port. */
  private readonly retryMs = new Map<number, number>();

  /** Takes what Caddy says of a write that it refused. True: a port is left out from now on, and what is left may pass. */
  learn(message: string, nowMs: number): boolean {
    const [, port] = /\blistening on \S*:(\d{1,5}): /.exec(message) ?? [];
    if (port === undefined || this.leftOut(nowMs).has(Number(port))) return false;
    this.retryMs.set(Number(port), nowMs + RETRY_MS);
    return true;
  }

  /** Ports that no route of is written for now. */
  leftOut(nowMs: number): ReadonlySet<number> {
    return new Set([...this.retryMs].filter(([, retryMs]) => retryMs > nowMs).map(([port]) => port));
  }

  /** Those too that are being tried again: until that has come to something, nothing else is to be said of them. */
  get known(): ReadonlySet<number> {
    return new Set(this.retryMs.keys());
  }

  /** Caddy has all that was to be written: what was tried again is free. */
  settle(nowMs: number): void {
    for (const [port, retryMs] of this.retryMs) if (retryMs <= nowMs) this.retryMs.delete(port);
  }
}
