// What the log says of Caddy: each failure and each conflict once, and when all is well again.

import type { Log } from '../log.ts';
import type { ToldConflict } from './caddyStatus.ts';

export class ReconcilerLog {
  private readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  private failure: string | null = null;
  private conflicts: ReadonlySet<string> = new Set();

  constructor(log: Pick<Log, 'info' | 'warn' | 'error'>) {
    this.log = log;
  }

  /** Null: nothing fails. A Caddy that is away for hours is one line. */
  noteFailure(reason: string | null): void {
    if (reason === this.failure) return;
    if (reason === null) this.log.info({}, 'Caddy serves the routes again.');
    else this.log.error({ reason }, 'Caddy does not have the routes that it should; trying again.');
    this.failure = reason;
  }

  noteConflicts(conflicts: readonly ToldConflict[]): void {
    const known = this.conflicts;
    this.conflicts = new Set(conflicts.map(({ reason }) => reason));
    for (const { domain, port, reason } of conflicts) {
      if (known.has(reason)) continue;
      this.log.warn({ domain, port, reason }, 'A name is not published.');
    }
  }

  noteWrite(routes: number): void {
    this.log.info({ routes }, "Caddy's routes were written.");
  }
}
