// Ports that Caddy could not listen on, as another program has them or it may not: one of them would keep every other change away, as a write is all or nothing.

/** For so long their routes are left out. Raised: a port that is free again is served later; lowered: Caddy is asked for nothing more often. */
export const TAKEN_MS = 30_000;

export class TakenPorts {
  /** Until when, on the clock of the caller, by port. */
  private readonly untilMs = new Map<number, number>();

  /** Takes what Caddy says of a write that it refused. True: a port is left out from now on, and what is left may pass. */
  learn(message: string, nowMs: number): boolean {
    const [, port] = /\blistening on \S*:(\d{1,5}): /.exec(message) ?? [];
    if (port === undefined || this.current(nowMs).has(Number(port))) return false;
    this.untilMs.set(Number(port), nowMs + TAKEN_MS);
    return true;
  }

  current(nowMs: number): ReadonlySet<number> {
    for (const [port, untilMs] of this.untilMs) if (untilMs <= nowMs) this.untilMs.delete(port);
    return new Set(this.untilMs.keys());
  }
}
