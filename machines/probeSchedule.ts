// When each name's certificate is looked at next: at once when it is new, then after pauses that grow while there is none.

/** After the first look that found nothing, doubling. Lowered: names that wait for long cost more handshakes. */
export const FIRST_PAUSE_MS = 1_000;

/** The longest of them. Raised: a certificate that came late is told later. */
export const MAX_PAUSE_MS = 60_000;

/** A certificate that is there is looked at again for its renewal. Raised: an expiry that was moved is told later. */
export const ISSUED_PAUSE_MS = 3_600_000;

/** So is a listener without TLS. Raised: TLS that was switched on is told later. */
export const PLAIN_PAUSE_MS = 600_000;

/** `plain`: what listens there does not speak TLS. */
export type ProbeResult = 'issued' | 'none' | 'plain';

export interface DueName {
  readonly name: string;
  /** Looks in a row that found no certificate. */
  readonly tries: number;
}

interface Turn {
  dueMs: number;
  /** Looks in a row that found no certificate. */
  tries: number;
  /** New, or hurried, and not looked at since. */
  isFresh: boolean;
  isUnderWay: boolean;
  /** It was asked for again while under way: what is seen then may be of before. */
  isHurried: boolean;
}

export class ProbeSchedule {
  private readonly nowMs: () => number;
  private readonly turns = new Map<string, Turn>();
  private underWay = 0;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  get countUnderWay(): number {
    return this.underWay;
  }

  /** These names and no others from now on; the new ones are due at once. */
  want(names: Iterable<string>): void {
    const wanted = new Set(names);
    for (const [name, { isUnderWay }] of this.turns) {
      if (wanted.has(name)) continue;
      this.turns.delete(name);
      if (isUnderWay) this.underWay -= 1;
    }
    for (const name of wanted) {
      if (!this.turns.has(name)) this.turns.set(name, freshTurn(this.nowMs()));
    }
  }

  /** What was seen of this name may have changed: it is due at once, and its pauses begin anew. */
  hurry(name: string): void {
    const turn = this.turns.get(name);
    if (turn === undefined) return;
    turn.tries = 0;
    turn.dueMs = this.nowMs();
    turn.isFresh = true;
    turn.isHurried = turn.isUnderWay;
  }

  get hasDue(): boolean {
    const nowMs = this.nowMs();
    return this.turns.values().some((turn) => isDue(turn, nowMs));
  }

  /**
   * As many of the names that are due as there is room for beside those under way, which they are themselves now: the
   * fresh ones first, then those that have been due for longest.
   */
  begin(maxUnderWay: number): DueName[] {
    const begun: DueName[] = [];
    for (let due = this.next(); due !== null && this.underWay < maxUnderWay; due = this.next()) {
      const [name, turn] = due;
      turn.isUnderWay = true;
      turn.isFresh = false;
      this.underWay += 1;
      begun.push({ name, tries: turn.tries });
    }
    return begun;
  }

  end(name: string, result: ProbeResult): void {
    const turn = this.turns.get(name);
    if (turn?.isUnderWay !== true) return;
    turn.isUnderWay = false;
    this.underWay -= 1;
    // Still fresh, and due.
    if (turn.isHurried) {
      turn.isHurried = false;
      return;
    }
    turn.tries = result === 'none' ? turn.tries + 1 : 0;
    turn.dueMs = this.nowMs() + pauseMs(result, turn.tries);
  }

  /** Until the next name is due, of those that are not under way; Infinity: there is none. */
  waitMs(): number {
    let dueMs = Infinity;
    for (const turn of this.turns.values()) if (!turn.isUnderWay) dueMs = Math.min(dueMs, turn.dueMs);
    return Math.max(0, dueMs - this.nowMs());
  }

  private next(): [string, Turn] | null {
    const nowMs = this.nowMs();
    let best: [string, Turn] | null = null;
    for (const [name, turn] of this.turns) {
      if (isDue(turn, nowMs) && (best === null || isBefore(turn, best[1]))) best = [name, turn];
    }
    return best;
  }
}

function freshTurn(dueMs: number): Turn {
  return { dueMs, tries: 0, isFresh: true, isUnderWay: false, isHurried: false };
}

function isDue({ isUnderWay, dueMs }: Turn, nowMs: number): boolean {
  return !isUnderWay && dueMs <= nowMs;
}

function isBefore(one: Turn, other: Turn): boolean {
  return one.isFresh === other.isFresh ? one.dueMs < other.dueMs : one.isFresh;
}

function pauseMs(result: ProbeResult, tries: number): number {
  if (result === 'issued') return ISSUED_PAUSE_MS;
  if (result === 'plain') return PLAIN_PAUSE_MS;
  return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
}
