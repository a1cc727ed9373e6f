// Durations in a few numbers: how many were about so long. Enough to tell percentiles to within a tenth.

/** Shorter ones are told as this. */
const SHORTEST_MS = 0.1;

/** Steps in which a duration doubles. Raised: percentiles are told closer, and memory is taken for more steps. */
const STEPS_PER_DOUBLING = 4;

/** Thousands of them are kept, most with few durations: a Map for each would take several times the memory. */
export class Latencies {
  /** Those that occurred, in the order they did. */
  readonly #steps: number[] = [];
  /** How many of each, at the same place. */
  readonly #counts: number[] = [];
  #total = 0;

  add(durationMs: number): void {
    const step = stepOf(durationMs);
    const known = this.#steps.indexOf(step);
    const place = known === -1 ? this.#steps.push(step) - 1 : known;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
  }

  /** The duration that this share of them (0 to 1) did not exceed; null when there is none. */
  quantile(share: number): number | null {
    let left = Math.max(1, Math.ceil(this.#total * share));
    const places = [...this.#steps.entries()].sort(([, one], [, other]) => one - other);
    for (const [place, step] of places) {
      left -= this.#counts[place] ?? 0;
      if (left <= 0) return middleOf(step);
    }
    return null;
  }
}

function stepOf(durationMs: number): number {
  return Math.floor(Math.log2(Math.max(durationMs, SHORTEST_MS) / SHORTEST_MS) * STEPS_PER_DOUBLING);
}

/** To three digits: more are made up. */
function middleOf(step: number): number {
  return Number((SHORTEST_MS * 2 ** ((step + 0.5) / STEPS_PER_DOUBLING)).toPrecision(3));
}
