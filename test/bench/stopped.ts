// The database stops for a while under load: requests go on, edits are refused in time, and all comes back by itself.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { healthSchema } from '../../protocol/api/status.ts';
import { until } from '../support/rig.ts';
import { startSteadyLoad, type Sample } from '../support/steadyLoad.ts';
import type { AdminApi } from './adminApi.ts';
import type { Stage } from './stage.ts';
import { onlineAfter, type StandingAgent } from './standing.ts';
import { openAdmin, startOrigin, startPair } from './standingPair.ts';
import { check, checkWithin, note, percentile } from './verdict.ts';

const NAME = 'stopped.localhost';
const RATE = 100;

/** An edit waits 5 s for another process's transaction, and 6 s for whatever else hangs. */
const LONGEST_EDIT_MS = 7_000;

/** The longest rest between two attempts, and an edit's own time. */
const LONGEST_RETURN_MS = 7_000;

/** The longest rest of the log's writer, and time to write. */
const LOG_RETURN_MS = 25_000;

/** Reading what is in memory has nothing to wait for. */
const LONGEST_READ_MS = 1_000;

const REST_MS = 200;

/** Before and after, for comparison. */
const LONGEST_BESIDE_SECONDS = 15;

/** How long the database is away. */
const SECONDS = 60;

/** Another process takes the write lock and keeps it: the commit of nobody else goes through. */
export async function stopped(stage: Stage, { seconds = SECONDS }: { seconds?: number }): Promise<void> {
  await proveOutage(stage, { seconds, dataDir: stage.tempDir(), stop: lockDatabase });
}

export interface Outage {
  readonly seconds?: number | undefined;
  /** Of the agent. */
  readonly dataDir: string;
  /** Stops the database in there; what it answers lets it go on. */
  readonly stop: (stage: Stage, dataDir: string) => (() => void) | Promise<() => void>;
}

/** One outage under load, and all that must hold before, meanwhile and after. */
export async function proveOutage(stage: Stage, { seconds = SECONDS, dataDir, stop }: Outage): Promise<void> {
  const origin = await startOrigin(stage);
  const maps = [`${NAME}=http://127.0.0.1:${origin.port}`];
  const { gateway, agent } = await startPair(stage, { maps, dataDir });
  const target = { port: gateway.port, name: NAME };
  await onlineAfter(agent, target);
  const api = await openAdmin(stage, agent);
  const edited = await api.create({
    name: 'edited',
    externalDomain: 'edited.example',
    internalHost: 'localhost',
    internalPort: 1,
    internalProtocol: 'http',
  });

  const besideMs = Math.min(seconds / 3, LONGEST_BESIDE_SECONDS) * 1_000;
  const load = startSteadyLoad([target], RATE);
  await delay(besideMs);
  const release = await stop(stage, dataDir);
  const stoppedMs = performance.now();
  const seen = await watchOutage(api, edited.mapping.id, stoppedMs + seconds * 1_000);
  const releasedMs = performance.now();
  release();
  const backMs = await backAfter(api, edited.mapping.id);
  await until('the agent says that it is well', async () => (await api.health()).status === 200);
  await delay(besideMs);
  await load.stop();

  const failures = load.counts.total((outcome) => outcome !== 'ok');
  check(
    `${load.samples.length} requests at ${RATE}/s, database away for ${seconds} s: ${failures} failed`,
    failures === 0,
  );
  if (failures > 0) note(load.counts.toString());
  sayLatencies(load.samples, stoppedMs, releasedMs);
  const edits = seen.edits.map(({ status }) => status);
  check(
    `${edits.length} edits meanwhile, answered ${[...new Set(edits)].join()}`,
    edits.every((each) => each === 503),
  );
  checkWithin(
    'an edit is refused',
    seen.edits.map(({ tookMs }) => tookMs),
    LONGEST_EDIT_MS,
  );
  const reads = seen.reads.filter(({ status }) => status === 200).length;
  check(
    `${seen.reads.length} reads of the mappings meanwhile, ${reads} answered 200`,
    reads === seen.reads.length,
  );
  note(`longest read ${Math.max(...seen.reads.map(({ tookMs }) => tookMs)).toFixed(1)} ms`);
  check(
    'no read waited for the database',
    seen.reads.every(({ tookMs }) => tookMs < LONGEST_READ_MS),
  );
  check(
    `/health meanwhile: ${[...seen.health].join(', ')}`,
    seen.health.has('200 degraded') && [...seen.health].every((each) => each.startsWith('200')),
  );
  checkWithin('after its return an edit is done', [backMs], LONGEST_RETURN_MS);
  const health = healthSchema.parse((await api.health()).body);
  check(`in the end /health says ${health.status}`, health.status === 'ok');
  await checkLog(api, agent, load.samples.length);
}

async function lockDatabase(stage: Stage, dataDir: string): Promise<() => void> {
  const database = new DatabaseSync(join(dataDir, 'octoporty.sqlite'), { timeout: 0 });
  stage.atEnd(() => database.close());
  await until('the lock is ours', () => {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return true;
    } catch (error) {
      if (error instanceof Error && error.message.includes('locked')) return false;
      throw error;
    }
  });
  return () => database.exec('ROLLBACK');
}

interface Seen {
  readonly edits: { status: number; tookMs: number }[];
  readonly reads: { status: number; tookMs: number }[];
  readonly health: Set<string>;
}

async function watchOutage(api: AdminApi, id: string, endMs: number): Promise<Seen> {
  const seen: Seen = { edits: [], reads: [], health: new Set() };
  let isOver = false;
  async function read(): Promise<void> {
    while (!isOver) {
      seen.reads.push(await api.ask('GET', '/mappings'), await api.ask('GET', `/mappings/${id}`));
      const { status, body } = await api.health();
      seen.health.add(`${status} ${healthSchema.parse(body).status}`);
      await delay(REST_MS);
    }
  }
  const reading = read();
  try {
    for (let n = 0; performance.now() < endMs; n += 1) {
      seen.edits.push(await api.ask('PATCH', `/mappings/${id}`, { name: `meanwhile ${n}` }));
      await delay(REST_MS);
    }
  } finally {
    isOver = true;
    await reading;
  }
  return seen;
}

/** Milliseconds until an edit is answered 200 and is there. */
async function backAfter(api: AdminApi, id: string): Promise<number> {
  const startMs = performance.now();
  await until(
    'an edit is done again',
    async () => (await api.ask('PATCH', `/mappings/${id}`, { name: 'afterwards' })).status === 200,
    60_000,
  );
  return performance.now() - startMs;
}

/** Rows from before, meanwhile and after: all are there, but those the agent says it dropped. */
async function checkLog(api: AdminApi, { dataDir }: StandingAgent, requests: number): Promise<void> {
  const database = new DatabaseSync(join(dataDir, 'octoporty.sqlite'), { readOnly: true, timeout: 1_000 });
  try {
    const counting = database.prepare('SELECT count(*) AS count FROM request_logs');
    const rows = () => Number(counting.get()?.count);
    const dropped = async () => (await api.status()).droppedLogRows;
    const isComplete = async () => rows() + (await dropped()) >= requests;
    await until('the log is complete', isComplete, LOG_RETURN_MS).catch(() => {});
    check(
      `the log has ${rows()} rows and counts ${await dropped()} as dropped, of at least ${requests} requests`,
      await isComplete(),
    );
  } finally {
    database.close();
  }
}

function sayLatencies(samples: readonly Sample[], stoppedMs: number, releasedMs: number): void {
  const parts = {
    before: samples.filter(({ endMs }) => endMs < stoppedMs),
    meanwhile: samples.filter(({ startMs }) => startMs >= stoppedMs && startMs < releasedMs),
    after: samples.filter(({ startMs }) => startMs >= releasedMs),
  };
  for (const [when, some] of Object.entries(parts)) {
    const ms = some.map(({ startMs, endMs }) => endMs - startMs);
    note(
      `${some.length} requests ${when}: p50 ${percentile(ms, 0.5).toFixed(1)} ms, p99 ${percentile(ms, 0.99).toFixed(1)} ms, max ${Math.max(...ms).toFixed(1)} ms`,
    );
  }
}
