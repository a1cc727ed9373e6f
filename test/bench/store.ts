// What the agent's store costs: how long it stops the main loop, in its own thread and without one, and what a commit, a
// batch of the log, and pages of a long log take. Run: node test/bench/store.ts [rows of the long log, 1000000]

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import {
  createLocalStore,
  createStoreOn,
  type StoreAndJournal,
} from '../../services/agent/store/localStore.ts';
import { sqliteDatabase } from '../../services/agent/store/sqliteDatabase.ts';
import { createThreadedStore } from '../../services/agent/store/threadedStore.ts';
import { draft } from '../services/store/drafts.ts';
import { request } from '../services/store/entries.ts';
import { inMegabytes, percentile } from './verdict.ts';

const ROUNDS = 4;
const ROUND_MS = 5_000;
/** 2,000 rows and 20 edits a second. */
const BATCH_EVERY_MS = 100;
const BATCH_ROWS = 200;
const EDIT_EVERY_MS = 50;
const COST_REPEATS = 100;
const COST_ROWS = 500;
const DAY_MS = 86_400_000;

/** None is taken out: the log of requests is measured. */
const KEPT_CONNECTIONS = { maxAgeMs: 90 * DAY_MS, maxRows: 10_000 };
const SAMPLE = request();

interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

const longLogRows = Number(process.argv[2] ?? 1_000_000);
const dir = mkdtempSync(join(tmpdir(), 'octoporty-bench-store-'));
const log = { info: () => {} };

try {
  await compareDelays();
  await compareCosts();
  await measureLongLog();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** By turns, so that both meet the same machine. */
async function compareDelays(): Promise<void> {
  const target = (name: string) => ({ kind: 'sqlite', path: join(dir, `${name}.sqlite`) }) as const;
  const contestants = {
    'no store  ': null,
    'same loop ': createLocalStore(target('local'), log),
    'own thread': createThreadedStore(target('threaded'), log),
  };
  console.log(
    `Main loop while 2,000 log rows/s and 20 edits/s are written, ${ROUNDS} rounds of ${ROUND_MS} ms, median of the rounds:`,
  );
  const rounds = new Map<string, Delays[]>(Object.keys(contestants).map((name) => [name, []]));
  for (const both of Object.values(contestants)) await both?.store.open();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, both] of Object.entries(contestants)) {
      const monitor = monitorEventLoopDelay({ resolution: 1 });
      monitor.enable();
      if (both === null) await delay(ROUND_MS);
      else await load(both, round);
      monitor.disable();
      const at = (share: number) => monitor.percentile(share) / 1e6;
      rounds.get(name)?.push({ p50Ms: at(50), p99Ms: at(99), p999Ms: at(99.9), maxMs: monitor.max / 1e6 });
    }
  }
  for (const [name, delays] of rounds) {
    const median = (key: keyof Delays) =>
      inMs(
        percentile(
          delays.map((each) => each[key]),
          0.5,
        ),
      );
    console.log(
      `  ${name}  p50 ${median('p50Ms')}  p99 ${median('p99Ms')}  p99.9 ${median('p999Ms')}  longest ${median('maxMs')}`,
    );
  }
  for (const both of Object.values(contestants)) await both?.store.close();
}

async function load({ store, journal }: StoreAndJournal, round: number): Promise<void> {
  const { mapping } = await store.create(draft({ externalDomain: `r${round}.example` }));
  const written: Promise<unknown>[] = [];
  let edits = 0;
  const batches = setInterval(
    () => written.push(journal.append({ requests: newRequests(BATCH_ROWS), connections: [] })),
    BATCH_EVERY_MS,
  );
  const editing = setInterval(
    () => written.push(store.update(mapping.id, { internalPort: 1000 + ((edits += 1) % 2) })),
    EDIT_EVERY_MS,
  );
  await delay(ROUND_MS);
  clearInterval(batches);
  clearInterval(editing);
  await Promise.all(written);
}

async function compareCosts(): Promise<void> {
  const database = sqliteDatabase(join(dir, 'bulk.sqlite'), log);
  const { insertRequests: _ours, ...withSequelize } = database;
  const source = { wallMs: () => Date.now(), newId: () => randomUUID() };
  const contestants = {
    'same loop                  ': createLocalStore({ kind: 'sqlite', path: join(dir, 'cost1.sqlite') }, log),
    'own thread                 ': createThreadedStore(
      { kind: 'sqlite', path: join(dir, 'cost2.sqlite') },
      log,
    ),
    'same loop, Sequelize inserts': createStoreOn(withSequelize, source),
  };
  console.log(`Median and p99 of ${COST_REPEATS}, one after another:`);
  for (const [name, { store, journal }] of Object.entries(contestants)) {
    await store.open();
    const { mapping } = await store.create(draft());
    const edit = await timesOf((index) => store.update(mapping.id, { internalPort: 1 + (index % 2) }));
    const requests = Array.from({ length: COST_REPEATS }, () => newRequests(COST_ROWS));
    const batch = await timesOf((index) =>
      journal.append({ requests: requests[index] ?? [], connections: [] }),
    );
    const small = await timesOf(() => journal.append({ requests: newRequests(1), connections: [] }));
    const ping = await timesOf(() => store.ping());
    const page = await timesOf(() => journal.readRequests({ limit: 100 }));
    console.log(
      `  ${name}  edit ${told(edit)}  batch of ${COST_ROWS} ${told(batch)}  batch of 1 ${told(small)}  ping ${told(ping)}  page of 100 ${told(page)}`,
    );
    await store.close();
  }
}

async function measureLongLog(): Promise<void> {
  const path = join(dir, 'long.sqlite');
  const { store, journal } = createThreadedStore({ kind: 'sqlite', path }, log);
  await store.open();
  const nowMs = Date.now();
  const begunMs = performance.now();
  for (let rows = 0; rows < longLogRows; rows += COST_ROWS) {
    const requests = newRequests(COST_ROWS, (index) => nowMs - DAY_MS + rows + index);
    await journal.append({ requests, connections: [] });
  }
  const filledMs = performance.now() - begunMs;
  console.log(
    `A log of ${longLogRows} rows: filled in ${inMs(filledMs)}, ${inMegabytes(statSync(path).size)} on disk`,
  );
  const { mapping } = await store.create(draft());
  const steps: Record<string, (index: number) => Promise<unknown>> = {
    'an edit': (index) => store.update(mapping.id, { internalPort: 1 + (index % 2) }),
    [`a batch of ${COST_ROWS}`]: () => journal.append({ requests: newRequests(COST_ROWS), connections: [] }),
    'the newest page': () => journal.readRequests({ limit: 100 }),
    'a page of one mapping': () => journal.readRequests({ limit: 100, mappingId: SAMPLE.portMappingId }),
    'a status that is not there': () => journal.readRequests({ limit: 100, status: '404' }),
    'a path that is not there': () => journal.readRequests({ limit: 100, path: '/nowhere' }),
    'a step of pruning by count': () =>
      journal.prune(
        { requests: { maxAgeMs: 2 * DAY_MS, maxRows: longLogRows / 2 }, connections: KEPT_CONNECTIONS },
        nowMs,
      ),
    'a step of pruning by age': () =>
      journal.prune(
        { requests: { maxAgeMs: DAY_MS / 2, maxRows: longLogRows * 2 }, connections: KEPT_CONNECTIONS },
        nowMs,
      ),
    'nothing to prune': () =>
      journal.prune(
        { requests: { maxAgeMs: 2 * DAY_MS, maxRows: longLogRows * 2 }, connections: KEPT_CONNECTIONS },
        nowMs,
      ),
  };
  for (const [name, step] of Object.entries(steps))
    console.log(`  ${name}: ${told(await timesOf(step, 20))}`);
  await store.close();
}

/** Made cheaply: what the product's own parsing costs is not asked here. */
function newRequests(count: number, wallMsOf: (index: number) => number = () => Date.now()) {
  return Array.from({ length: count }, (_, index) => ({
    ...SAMPLE,
    id: randomUUID(),
    timestamp: new Date(wallMsOf(index)).toISOString(),
    path: `/some/path/of/an/app/${index}`,
  }));
}

async function timesOf(act: (index: number) => Promise<unknown>, repeats = COST_REPEATS): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < repeats; index += 1) {
    const begunMs = performance.now();
    await act(index);
    times.push(performance.now() - begunMs);
  }
  return times;
}

function told(times: readonly number[]): string {
  return `${inMs(percentile(times, 0.5))} (${inMs(percentile(times, 0.99))})`;
}

function inMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}
