// How many came in the last hour: a counter for each of its minutes.

/** The running minute and those before it. */
const MINUTES = 60;

/** Minutes are counted from 1970. */
export class HourCount {
  #newest: number;
  /** Of minute `m` at `m % MINUTES`. */
  readonly #counts = Array.from({ length: MINUTES }, () => 0);

  constructor(minute: number) {
    this.#newest = minute;
  }

  /** One more in that minute. What is older than an hour is not counted. */
  add(minute: number): void {
    this.#advance(minute);
    if (minute > this.#newest - MINUTES) this.#counts[minute % MINUTES] = this.#at(minute) + 1;
  }

  /** In the hour that ends with `minute`. */
  sum(minute: number): number {
    let sum = 0;
    const oldest = Math.max(this.#newest, minute) - MINUTES + 1;
    for (let each = oldest; each <= this.#newest; each += 1) sum += this.#at(each);
    return sum;
  }

  #at(minute: number): number {
    return this.#counts[minute % MINUTES] ?? 0;
  }

  /** The minutes in between had none: what their counters hold is of the hour before. */
  #advance(minute: number): void {
    const first = Math.max(this.#newest + 1, minute - MINUTES + 1);
    for (let each = first; each <= minute; each += 1) this.#counts[each % MINUTES] = 0;
    this.#newest = Math.max(this.#newest, minute);
  }
}
