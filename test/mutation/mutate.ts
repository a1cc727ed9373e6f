// `npm run mutate`: changes the machines and the protocol in a copy, one thing at a time, and asks whether a test sees it.
// StrykerJS cannot instrument what we run: Node strips our types and the imports end in `.ts`, nothing is compiled.

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { wholeFrom } from '../support/wholeOption.ts';
import type { Mutant } from './mutant.ts';
import { mutantsOf } from './mutators.ts';
import { isAccepted, parseSurvivors, rowOf } from './survivors.ts';
import { TestBench, repository } from './testBench.ts';
import { isSlow, testSteps, type TestStep } from './testSteps.ts';

interface Verdict {
  readonly mutant: Mutant;
  /** What saw it, or null. */
  readonly killer: string | null;
}

const SHOWN_EVERY_MS = 15_000;

interface MutateOptions {
  readonly only: string;
  readonly sample?: number;
  readonly seed: number;
  readonly workers: number;
  readonly json?: string;
  readonly quick: boolean;
  readonly verbose: boolean;
}

const options = new Command('npm run mutate --')
  .option('--only <pattern>', 'the files whose path matches', '')
  .option('--sample <count>', 'so many of the mutants', wholeFrom(1))
  .option('--seed <number>', 'which ones of them', wholeFrom(1), 1)
  .option('--workers <count>', 'how many are judged at once', wholeFrom(1), 1)
  .option('--json <file>', 'where the verdicts go')
  .option('--quick', 'without the slow tests and the simulation: more live than nobody sees', false)
  .option('--verbose', 'shows those that were killed too', false)
  .parse()
  .opts<MutateOptions>();

const survivors = parseSurvivors(readFileSync(new URL('survivors.md', import.meta.url), 'utf8'));
const tests = globSync('test/**/*.test.ts', { cwd: repository });
const benches = Array.from({ length: options.workers }, () => new TestBench());
const verdicts: Verdict[] = [];
/** Ctrl-C came: the copies are gone or going. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    stop.abort();
    report();
    void removeAll().then(() => process.exit(130));
  });
}
try {
  process.exitCode = await main();
} finally {
  if (!isStopped()) await removeAll();
}

async function main(): Promise<number> {
  const [bench] = benches;
  if (bench === undefined) throw new Error('at least one worker');
  const mutants = chosen(bench);
  if (!(await isClean(bench, mutants))) return 1;
  await judge(mutants);
  if (isStopped()) return 130;
  return report();
}

/** Every mutant of the files asked for, or a sample of them that the seed decides. */
function chosen(bench: TestBench): Mutant[] {
  const files = globSync(['machines/*.ts', 'protocol/*.ts'], { cwd: bench.root }).toSorted();
  const all = files
    .filter((file) => new RegExp(options.only).test(file))
    .flatMap((file) => mutantsOf(file, bench.read(file)));
  if (options.sample === undefined) return all;
  const random = new SeededRandom(options.seed);
  const drawn = all.map((mutant) => ({ mutant, draw: random.fraction() }));
  const kept = new Set(drawn.toSorted((a, b) => a.draw - b.draw).slice(0, options.sample));
  return drawn.filter((each) => kept.has(each)).map(({ mutant }) => mutant);
}

/** Tests that fail without a mutant would kill every one. */
async function isClean(bench: TestBench, mutants: readonly Mutant[]): Promise<boolean> {
  const asked = new Set<string>();
  for (const file of new Set(mutants.map((mutant) => mutant.file))) {
    for (const step of stepsFor(file)) {
      const fresh = step === 'simulation' ? step : step.filter((test) => !asked.has(test));
      if (fresh.length === 0 || (fresh === 'simulation' && asked.has(fresh))) continue;
      const failure = await bench.failureOf(file, fresh);
      if (failure !== undefined) {
        console.error(`Without any mutant this fails: ${failure}`);
        return false;
      }
      for (const test of fresh === 'simulation' ? [fresh] : fresh) asked.add(test);
    }
  }
  return true;
}

function stepsFor(file: string): TestStep[] {
  const steps = testSteps(file, tests);
  return options.quick ? steps.filter((step) => !isSlow(step)) : steps;
}

async function judge(mutants: readonly Mutant[]): Promise<void> {
  const waiting = mutants.entries();
  const startedMs = performance.now();
  let shownMs = startedMs;
  console.log(`${mutants.length} mutants`);

  async function work(bench: TestBench): Promise<void> {
    for (const [, mutant] of waiting) {
      if (isStopped()) return;
      const killer = (await bench.killerOf(mutant, stepsFor(mutant.file))) ?? null;
      if (isStopped()) return;
      verdicts.push({ mutant, killer });
      if (options.verbose || killer === null) console.log(line(mutant, killer));
      if (performance.now() - shownMs < SHOWN_EVERY_MS) continue;
      shownMs = performance.now();
      const perMinute = (verdicts.length * 60_000) / (shownMs - startedMs);
      const leftMinutes = (mutants.length - verdicts.length) / perMinute;
      console.log(
        `${verdicts.length} of ${mutants.length}, ${Math.round(perMinute)} a minute, ${leftMinutes.toFixed(1)} minutes left`,
      );
    }
  }

  await Promise.all(benches.map(work));
}

function report(): number {
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(verdicts, null, 2)}\n`);
  const alive = verdicts.filter(({ killer }) => killer === null).map(({ mutant }) => mutant);
  const unknown = alive.filter((mutant) => !isAccepted(mutant, survivors));
  console.log('');
  for (const [file, judged] of Map.groupBy(verdicts, ({ mutant }) => mutant.file)) {
    const killed = judged.filter(({ killer }) => killer !== null).length;
    const accepted = judged.filter(
      ({ mutant }) => alive.includes(mutant) && !unknown.includes(mutant),
    ).length;
    const open = judged.length - killed - accepted;
    console.log(`${file.padEnd(26)} ${killed}/${judged.length} killed, ${accepted} accepted, ${open} open`);
  }
  if (unknown.length === 0) return 0;
  console.log('\nNo test sees these; kill them, or give the reason in test/mutation/survivors.md:');
  for (const mutant of unknown) console.log(line(mutant, null));
  console.log('');
  for (const mutant of unknown) console.log(rowOf(mutant));
  return 1;
}

function line({ file, line: number, change }: Mutant, killer: string | null): string {
  return `${killer === null ? 'LIVES ' : 'killed'} ${file}:${number}  ${change}${killer === null ? '' : `  by: ${killer.slice(0, 100)}`}`;
}

function isStopped(): boolean {
  return stop.signal.aborted;
}

async function removeAll(): Promise<void> {
  await Promise.all(benches.map((bench) => bench.remove()));
}
