// Plays exchanges of one seed in several lanes at once, and makes the first that differs as small as it gets.

import fc from 'fast-check';
import type { Exchange } from './exchange.ts';
import { exchanges } from './exchanges.ts';
import type { Sequel } from './views.ts';
import type { Compared, Stage } from './stage.ts';

export interface Draw {
  readonly seed: number;
  readonly count: number;
  /** Of one exchange, as a failure tells it. */
  readonly path?: string | undefined;
}

export interface Failure {
  readonly compared: Compared;
  readonly path: string;
  /** It differed again when it was played alone. */
  readonly isRepeatable: boolean;
}

export interface Outcome {
  readonly done: number;
  /** What the exchanges met, and how often: endings, and differences that may be. */
  readonly counts: ReadonlyMap<string, number>;
  readonly failure: Failure | null;
}

/** At once. Raised: an exchange waits longer for its turn on a busy machine, and patience may end. */
const LANES = 8;

/** A counterexample is made smaller for so long. */
const SHRINK_MS = 60_000;

export async function conduct(
  stage: Stage,
  { seed, count, path = '0' }: Draw,
  onPlayed: (done: number) => void = () => {},
): Promise<Outcome> {
  const drawn = fc.sample(exchanges, { seed, path, numRuns: count });
  const counts = new Map<string, number>();
  let next = 0;
  let done = 0;
  let failed: { compared: Compared; at: number } | null = null;

  async function lane(): Promise<void> {
    while (failed === null) {
      const at = next;
      next += 1;
      const exchange = drawn[at];
      if (exchange === undefined) return;
      const compared = await stage.play(exchange);
      done += 1;
      for (const name of tellingsOf(compared)) counts.set(name, (counts.get(name) ?? 0) + 1);
      if (compared.verdict.problems.length > 0) failed ??= { compared, at };
      onPlayed(done);
    }
  }

  await Promise.all(Array.from({ length: LANES }, lane));
  const failure = failed as { compared: Compared; at: number } | null;
  if (failure === null) return { done, counts, failure: null };
  const start = count === 1 ? path : String(failure.at);
  return { done, counts, failure: await smaller(stage, seed, start, failure.compared) };
}

/** Shrinks one exchange, played alone; one that no longer differs is told as it was. */
async function smaller(stage: Stage, seed: number, path: string, first: Compared): Promise<Failure> {
  let smallest = first;
  const details = await fc.check(
    fc.asyncProperty(exchanges, async (exchange: Exchange) => {
      const compared = await stage.play(exchange);
      const isFine = compared.verdict.problems.length === 0;
      if (!isFine) smallest = compared;
      return isFine;
    }),
    { seed, path, numRuns: 1, interruptAfterTimeLimit: SHRINK_MS, markInterruptAsFailure: true },
  );
  return {
    compared: smallest,
    path: details.counterexamplePath ?? path,
    isRepeatable: details.counterexample !== null,
  };
}

function tellingsOf({ exchange, direct, tunnel, verdict }: Compared): string[] {
  const { mishap } = exchange;
  const what = mishap === null ? 'nothing goes wrong' : `${mishap.kind} (${mishap.during}, ${mishap.by})`;
  return [
    `ending: ${what}: ${direct.answer.ending} directly, ${tunnel.answer.ending} through the tunnel`,
    `sequel: ${exchange.sequel}: ${told(direct.sequel)} directly, ${told(tunnel.sequel)} through the tunnel`,
    ...verdict.allowed.map((name) => `allowed: ${name}`),
  ];
}

function told(sequel: Sequel): string {
  return typeof sequel === 'string' ? sequel : 'something else';
}
