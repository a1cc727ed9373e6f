// `npm run simulate`: runs many worlds on both cores, counts what they met, and shows the first that broke.

import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Command } from 'commander';
import { wholeFrom } from '../support/wholeOption.ts';
import { runWorld, type WorldReport } from './world.ts';

/** Fewer worlds are not worth another thread. */
const WORTH_A_THREAD = 200;

/** Worlds between two messages of a worker. */
const BATCH = 50;

interface Batch {
  readonly worlds: number;
  readonly events: number;
  readonly virtualMs: number;
  readonly counters: ReadonlyMap<string, number>;
  readonly failure: WorldReport | null;
}

interface SimulateOptions {
  readonly worlds: number;
  readonly seed: number;
  readonly from: number;
  readonly verbose: boolean;
}

interface Share {
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

if (isMainThread) process.exitCode = await main();
else await work(workerData as Share);

async function main(): Promise<number> {
  const { worlds, seed, from, verbose } = new Command('npm run simulate --')
    .option('--worlds <count>', 'how many worlds', wholeFrom(1), 1000)
    .option('--seed <row>', 'which row of worlds, a million long', wholeFrom(1), 1)
    .option('--from <place>', 'the place in the row to begin at', wholeFrom(0), 0)
    .option('--verbose', 'shows all that happens in the first of them', false)
    .parse()
    .opts<SimulateOptions>();
  const first = seedOf(seed, from);
  if (verbose) return showOne(first);
  const startedMs = performance.now();
  const totals = new Map<string, number>();
  let done = 0;
  let virtualMs = 0;
  let shownMs = startedMs;
  const failures: WorldReport[] = [];

  function take(batch: Batch): void {
    done += batch.worlds;
    virtualMs += batch.virtualMs;
    add(totals, 'events', batch.events);
    for (const [name, count] of batch.counters) add(totals, name, count);
    if (batch.failure !== null) failures.push(batch.failure);
    if (performance.now() - shownMs < 5_000) return;
    shownMs = performance.now();
    console.log(`${done} of ${worlds} worlds, ${perMinute(done, startedMs)} a minute`);
  }

  const threads = worlds < WORTH_A_THREAD ? 1 : availableParallelism();
  await Promise.all(
    Array.from({ length: threads }, (_, n) =>
      runShare({ first: first + n, step: threads, end: first + worlds }, threads > 1, take),
    ),
  );
  for (const [name, count] of [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${name}: ${count}`);
  console.log(`virtual hours: ${(virtualMs / 3_600_000).toFixed(1)}`);
  console.log(`${done} worlds, ${perMinute(done, startedMs)} a minute`);
  const [failure] = failures.toSorted((a, b) => a.seed - b.seed);
  if (failure === undefined) return 0;
  report(failure, seed);
  return 1;
}

/** Each seed begins a row of worlds of its own. */
function seedOf(seed: number, from: number): number {
  return (seed - 1) * 1_000_000 + from;
}

function runShare(share: Share, isThreaded: boolean, take: (batch: Batch) => void): Promise<void> {
  if (!isThreaded) return runBatches(share, take);
  const worker = new Worker(new URL(import.meta.url), { workerData: share });
  return new Promise((resolve, reject) => {
    worker.on('message', take);
    worker.on('error', reject);
    worker.on('exit', () => {
      resolve();
    });
  });
}

function work(share: Share): Promise<void> {
  return runBatches(share, (batch) => parentPort?.postMessage(batch));
}

/** Stops at the first world that breaks. */
async function runBatches({ first, step, end }: Share, take: (batch: Batch) => void): Promise<void> {
  for (let seed = first; seed < end;) {
    const counters = new Map<string, number>();
    const batch = { worlds: 0, events: 0, virtualMs: 0 };
    let failure: WorldReport | null = null;
    for (; seed < end && batch.worlds < BATCH && failure === null; seed += step) {
      const report = runWorld(seed);
      batch.worlds += 1;
      batch.events += report.events;
      batch.virtualMs += report.virtualMs;
      for (const [name, count] of report.counters) add(counters, name, count);
      if (report.violation !== null) failure = report;
    }
    take({ ...batch, counters, failure });
    if (failure !== null) return;
    // Without a turn of the event loop the engine lets nothing of a world go: 15,000 of them would take 7 GB.
    await nextTurn();
  }
}

function showOne(seed: number): number {
  const shown = runWorld(seed, Infinity);
  for (const line of shown.tail) console.log(line.slice(0, 240));
  console.log(`world ${seed}: trace ${shown.hash}, ${shown.events} events, ${shown.virtualMs} ms`);
  if (shown.violation !== null) console.log(`BROKEN ${shown.violation.invariant}: ${shown.violation.detail}`);
  return shown.violation === null ? 0 : 1;
}

function report({ seed, violation, tail, hash }: WorldReport, row: number): void {
  for (const line of tail) console.log(line.slice(0, 200));
  console.log(`\nBROKEN ${violation?.invariant}: ${violation?.detail}`);
  const from = seed - seedOf(row, 0);
  console.log(
    `trace ${hash}; see it all: npm run simulate -- --seed ${row} --from ${from} --worlds 1 --verbose`,
  );
}

function add(counters: Map<string, number>, name: string, by: number): void {
  counters.set(name, (counters.get(name) ?? 0) + by);
}

function perMinute(done: number, startedMs: number): number {
  return Math.round((done * 60_000) / (performance.now() - startedMs));
}
