// `npm run caddy-model`: random things happen to mappings, processes and Caddy, and its routes must be right after each few.

import { Command } from 'commander';
import { caddies } from '../support/caddy.ts';
import { wholeFrom } from '../support/wholeOption.ts';
import { conduct, toldFailure } from './conduct.ts';

/** Progress is told after so many steps. */
const TELL_EVERY = 50;

process.exitCode = await main();

async function main(): Promise<number> {
  const { seed, steps, oldest, brief } = new Command('npm run caddy-model --')
    .option('--seed <number>', 'which steps', wholeFrom(1), 1)
    .option('--steps <count>', 'how many', wholeFrom(1), 1000)
    .option('--oldest', 'with the oldest Caddy that is supported', false)
    .option('--brief', 'for a test run: fewer pauses, and none of the long ones', false)
    .parse()
    .opts<{ seed: number; steps: number; oldest: boolean; brief: boolean }>();
  const binary = caddies[oldest ? 1 : 0];
  if (binary === undefined) {
    const variable = oldest ? 'OCTOPORTY_TEST_CADDY_OLDEST' : 'OCTOPORTY_TEST_CADDY';
    console.error(`There is no Caddy: name its binary with ${variable}.`);
    return 1;
  }
  const startedMs = performance.now();
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort());
  console.log(`${binary.name}, seed ${seed}`);
  const { done, counts, convergedMs, writes, failure } = await conduct({
    binary,
    seed,
    steps,
    isBrief: brief,
    signal: ending.signal,
    onStep: (taken) => {
      if (taken % TELL_EVERY === 0) console.log(`${taken} of ${steps} steps, ${secondsSince(startedMs)} s`);
    },
  });
  for (const [name, times] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${String(times).padStart(6)}  ${name}`);
  const sorted = convergedMs.toSorted((a, b) => a - b).map(Math.round);
  const half = sorted[Math.floor(sorted.length / 2)] ?? 0;
  console.log(`right after ${half} ms half the time, ${sorted.at(-1) ?? 0} ms at the most`);
  console.log(`${done} steps in ${secondsSince(startedMs)} s, ${writes} writes, seed ${seed}`);
  if (failure === null) return 0;
  console.log(toldFailure(failure, seed));
  return 1;
}

function secondsSince(startedMs: number): string {
  return ((performance.now() - startedMs) / 1000).toFixed(1);
}
