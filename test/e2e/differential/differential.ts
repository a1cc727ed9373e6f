// `npm run differential`: many random exchanges through the tunnel and directly, side by side, and the first that differs.

import { Command } from 'commander';
import { wholeFrom } from '../../support/wholeOption.ts';
import { conduct } from './conduct.ts';
import { told } from './counterexample.ts';
import { openStage } from './stage.ts';

/** Progress is told so often. */
const TELL_MS = 5_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { exchanges, seed, path } = new Command('npm run differential --')
    .option('--exchanges <count>', 'how many exchanges', wholeFrom(1), 5000)
    .option('--seed <number>', 'which ones', wholeFrom(1), 1)
    .option('--path <path>', 'one alone, as a counterexample names it')
    .parse()
    .opts<{ exchanges: number; seed: number; path?: string }>();
  const count = path === undefined ? exchanges : 1;
  const startedMs = performance.now();
  let toldMs = startedMs;
  const stage = await openStage();
  try {
    const outcome = await conduct(stage, { seed, count, path }, (done) => {
      if (performance.now() - toldMs < TELL_MS) return;
      toldMs = performance.now();
      console.log(`${done} of ${count} exchanges, ${secondsSince(startedMs)} s`);
    });
    for (const [name, times] of [...outcome.counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      console.log(`${String(times).padStart(6)}  ${name}`);
    console.log(`${outcome.done} exchanges in ${secondsSince(startedMs)} s, seed ${seed}`);
    if (outcome.failure === null) return 0;
    console.log(told(outcome.failure, seed));
    return 1;
  } finally {
    await stage.stop();
  }
}

function secondsSince(startedMs: number): string {
  return ((performance.now() - startedMs) / 1000).toFixed(1);
}
