// Safe requests at a steady rate from where Caddy stands: what Caddy tries again for a while is tried again, all else counts.

import { setTimeout as delay } from 'node:timers/promises';
import { getSmall, LoadCounts, type Outcome, type Target } from './load.ts';

/** As Caddy's `lb_try_duration` and `lb_try_interval`. */
const TRY_DURATION_MS = 5_000;
const TRY_INTERVAL_MS = 250;

/**
 * Caddy tries a refused connection again, and a GET whose connection ended without an answer (the default of
 * `lb_retry_match`): a port that closes takes the connections along that nobody has accepted yet.
 */
const RETRIED: readonly Outcome[] = ['refused', 'unanswered'];

/** How often those that are due are sent. */
const TICK_MS = 10;

/** One request, from its first try to its end. Milliseconds of `performance.now`. */
export interface Sample {
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: string;
  /** Tries whose connection ended without an answer, though it was not refused. */
  readonly unanswered: number;
}

export interface SteadyLoad {
  readonly samples: readonly Sample[];
  readonly counts: LoadCounts;
  stop(): Promise<void>;
}

/** `targets` take turns. */
export function startSteadyLoad(targets: readonly Target[], perSecond: number): SteadyLoad {
  const samples: Sample[] = [];
  const counts = new LoadCounts();
  const running = new Set<Promise<void>>();
  const startMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1000) * perSecond);
    for (; sent < due; sent += 1) {
      const target = targets[sent % targets.length];
      if (target === undefined) return;
      const one = ask(target).then((sample) => {
        samples.push(sample);
        counts.add('small', sample.outcome);
        running.delete(one);
      });
      running.add(one);
    }
  }, TICK_MS);
  return {
    samples,
    counts,
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}

async function ask(target: Target): Promise<Sample> {
  const startMs = performance.now();
  for (let unanswered = 0; ;) {
    const outcome = await getSmall(target);
    const endMs = performance.now();
    if (!RETRIED.includes(outcome) || endMs - startMs > TRY_DURATION_MS)
      return { startMs, endMs, outcome, unanswered };
    if (outcome === 'unanswered') unanswered += 1;
    await delay(TRY_INTERVAL_MS);
  }
}
