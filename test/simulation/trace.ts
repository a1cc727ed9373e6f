// What happened in a world, in order: a running hash of every event, the last lines for people, and counters.

import type { SimulatedClock } from './simulatedClock.ts';

/** Lines kept for the report of a failure. */
const KEPT_LINES = 3_000;

export class Trace {
  readonly counters = new Map<string, number>();
  private readonly clock: SimulatedClock;
  private readonly lines: string[] = [];
  private state = 0x811c9dc5;
  private written = 0;

  constructor(clock: SimulatedClock) {
    this.clock = clock;
  }

  /** Tells one delivered event: two runs of a world are the same exactly if they tell the same. */
  note(who: string, what: string): void {
    const line = `${this.clock.nowMs()} ${who} ${what}`;
    let hash = this.state;
    for (let n = 0; n < line.length; n += 1) hash = Math.imul(hash ^ line.charCodeAt(n), 0x01000193);
    this.state = hash;
    this.lines[this.written % KEPT_LINES] = line;
    this.written += 1;
  }

  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  /** FNV-1a over all lines and their number. */
  get hash(): string {
    return `${(this.state >>> 0).toString(16).padStart(8, '0')}-${this.written}`;
  }

  tail(lines: number): string[] {
    const first = Math.max(0, this.written - Math.min(lines, KEPT_LINES));
    return Array.from({ length: this.written - first }, (_, n) => this.lines[(first + n) % KEPT_LINES] ?? '');
  }
}
