// Owns the order in which a process starts and stops: what started last, stops first.

export interface Stoppable {
  stop(): Promise<void>;
}

/** The parts that have started, in order. A part that is still starting when the end comes is stopped at once. */
export class Lifecycle {
  readonly #started: Stoppable[] = [];
  #isStopping = false;

  /** Starts one part. Rejects when it cannot start, or when the end came meanwhile. */
  async start<Part extends Stoppable>(begin: () => Promise<Part>): Promise<Part> {
    const part = await begin();
    if (this.#isStopping) {
      await part.stop();
      throw new Error('The process was stopped while it started.');
    }
    this.#started.push(part);
    return part;
  }

  /** Stops every part, the last started first; one that fails keeps none of the others running. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const failures: unknown[] = [];
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      await part.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
