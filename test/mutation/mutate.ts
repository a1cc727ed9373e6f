// `npm run mutate`: changes the machines and the protocol in a copy, one thing at a time, and asks whether a test sees it.
// StrykerJS cannot instrument what we run: Node strips our types and the imports end in `.ts`, nothing is compiled.

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../simulation/seededRandom.ts';
import type { Mutant } from './mutant.ts';
import { mutantsOf } from './mutators.ts';
import { isAccepted, parseSurvivors, rowOf } from './survivors.ts';
import { TestBench, repository } from './testBench.ts';
import { testSteps } from './testSteps.ts';

interface Verdict {
  readonly mutant: Mutant;
  /** What saw it, or null. */
  readonly killer: string | null;
}

const SHOWN_EVERY_MS = 15_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const survivors = parseSurvivors(readFileSync(new URL('survivors.md', import.meta.url), 'utf8'));
const tests = globSync('test/**/*.test.ts', { cwd: repository });
const benches = Array.from({ length: Number(values.workers) }, () => new TestBench());
/** Ctrl-C came: the copies are gone or going. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    stop.abort();
    void removeAll().then(() => process.exit(130));
  });
}
try {
  process.exitCode = await main();
} finally {
  if (!stop.signal.aborted) await removeAll();
}

async function main(): Promise<number> {
  const [bench] = benches;
  if (bench === undefined) throw new Error('at least one worker');
  const mutants = chosen(bench);
  if (!(await isClean(bench, mutants))) return 1;
  const verdicts = await judge(mutants);
  if (stop.signal.aborted) return 130;
  return report(verdicts);
}

/** Every mutant of the files asked for, or a sample of them that the seed decides. */
function chosen(bench: TestBench): Mutant[] {
  const files = globSync(['machines/*.ts', 'protocol/*.ts'], { cwd: bench.root }).toSorted();
  const all = files
    .filter((file) => new RegExp(values.only).test(file))
    .flatMap((file) => mutantsOf(file, bench.read(file)));
  if (values.sample === undefined) return all;
  const random = new SeededRandom(Number(values.seed));
  const drawn = all.map((mutant) => ({ mutant, draw: random.fraction() }));
  const kept = new Set(drawn.toSorted((a, b) => a.draw - b.draw).slice(0, Number(values.sample)));
  return drawn.filter((each) => kept.has(each)).map(({ mutant }) => mutant);
}

/** Tests that fail without a mutant would kill every one. */
async function isClean(bench: TestBench, mutants: readonly Mutant[]): Promise<boolean> {
  const asked = new Set<string>();
  for (const file of new Set(mutants.map((mutant) => mutant.file))) {
    for (const step of testSteps(file, tests)) {
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

async function judge(mutants: readonly Mutant[]): Promise<Verdict[]> {
  const waiting = mutants.entries();
  const verdicts: Verdict[] = [];
  const startedMs = performance.now();
  let shownMs = startedMs;
  console.log(`${mutants.length} mutants`);

  async function work(bench: TestBench): Promise<void> {
    for (const [, mutant] of waiting) {
      if (stop.signal.aborted) return;
      const killer = (await bench.killerOf(mutant, testSteps(mutant.file, tests))) ?? null;
      verdicts.push({ mutant, killer });
      if (values.verbose || killer === null) console.log(line(mutant, killer));
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
  return verdicts;
}

function report(verdicts: readonly Verdict[]): number {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(verdicts, null, 2)}\n`);
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

async function removeAll(): Promise<void> {
  await Promise.all(benches.map((bench) => bench.remove()));
}
