// What the request log costs: throughput with it and without, side by side, and memory and rows over a million requests.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from '../support/load.ts';
import { hasNginx, startNginx } from '../support/nginx.ts';
import { freePort, until } from '../support/rig.ts';
import type { ServiceProcess, Stage } from './stage.ts';
import { createAgent, createGateway, urlOf, type StandingAgent, type StandingGateway } from './standing.ts';
import { openAdmin, untilOnline } from './standingPair.ts';
import { check, inMegabytes, note, percentile } from './verdict.ts';
import { hasWrk, runWrk } from './wrk.ts';

export interface LoggedOptions {
  /** Pairs of runs with the log and without. */
  readonly rounds?: number;
  /** How long each of them takes. */
  readonly seconds?: number;
  /** With the log on, while memory is watched. */
  readonly requests?: number;
}

const MAX_ROWS = 20_000;

/** As the agent writes them: so many may be in the table before the oldest are taken out. */
const BATCH_ROWS = 2_000;

const LOWEST_RATIO = 0.95;

/** More between the two halves of the run would be a leak of more than 30 bytes a request. */
const MOST_GROWN_BYTES = 16e6;

/** Runs of that length, so that memory is looked at often. */
const STEP_SECONDS = 2;

/** Clock ticks of `/proc/PID/stat` in a second: fixed on Linux. */
const TICKS_PER_SECOND = 100;

/** So long after the last request everything that waits is written and pruned. */
const SETTLE_MS = 10_000;

export async function logged(stage: Stage, options: LoggedOptions): Promise<void> {
  const { rounds = 15, seconds = 4, requests = 1_000_000 } = options;
  if (!hasNginx() || !hasWrk()) throw new Error('nginx and wrk are needed (apt-get install nginx wrk)');
  const originPort = await freePort();
  const origin = await startNginx(
    `server { listen 127.0.0.1:${originPort}; location / { return 200 "hello"; } }`,
    originPort,
  );
  stage.atEnd(() => origin.stop());
  const gateway = await createGateway(stage, { env: { OCTOPORTY_LOG_LEVEL: 'warn' } });
  gateway.service.start();
  const sides = {
    on: await startSide(stage, gateway, originPort, 'on'),
    off: await startSide(stage, gateway, originPort, 'off'),
  };
  await compare(sides, rounds, seconds);
  await sides.off.agent.service.end('SIGTERM');
  await watch(stage, sides.on, requests);
}

interface Side {
  readonly agent: StandingAgent;
  readonly target: Target;
}

/** One gateway for both: what differs is the agent's log alone. */
async function startSide(
  stage: Stage,
  gateway: StandingGateway,
  originPort: number,
  side: 'on' | 'off',
): Promise<Side> {
  const name = `log-${side}.localhost`;
  const agent = await createAgent(stage, {
    name: `agent ${side}`,
    gatewayUrl: urlOf(gateway),
    maps: [`${name}=http://127.0.0.1:${originPort}`],
    env: {
      OCTOPORTY_LOG_LEVEL: 'warn',
      OCTOPORTY_REQUEST_LOG: String(side === 'on'),
      OCTOPORTY_LOG_MAX_ROWS: String(MAX_ROWS),
    },
  });
  agent.service.start();
  await untilOnline(agent);
  return { agent, target: { port: gateway.port, name } };
}

async function compare(sides: { on: Side; off: Side }, rounds: number, seconds: number): Promise<void> {
  const rates = { on: [] as number[], off: [] as number[] };
  const costs = { on: [] as number[], off: [] as number[] };
  let failures = 0;
  for (const { target } of Object.values(sides)) await runWrk(target, 2 * seconds);
  for (let round = 1; round <= rounds; round += 1) {
    // Whoever comes first in a pair comes second in the next.
    for (const side of round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
      const { agent, target } = sides[side];
      const before = cpuSeconds(agent.service);
      const run = await runWrk(target, seconds);
      rates[side].push(run.perSecond);
      costs[side].push(((cpuSeconds(agent.service) - before) * 1e6) / run.requests);
      failures += run.failures;
      // What is still to be written must not be paid by the other side.
      await delay(2_000);
    }
    note(
      `pair ${round}: on ${rates.on.at(-1)} requests/s, off ${rates.off.at(-1)}; the agent's processor time a request ${costs.on.at(-1)?.toFixed(1)} and ${costs.off.at(-1)?.toFixed(1)} µs`,
    );
  }
  const ratio = percentile(rates.on, 0.5) / percentile(rates.off, 0.5);
  const pairs = rates.on.map((rate, n) => rate / (rates.off[n] ?? Number.NaN));
  note(
    `on to off in each pair: ${pairs.map((each) => each.toFixed(2)).join(', ')}; median ${percentile(pairs, 0.5).toFixed(3)}`,
  );
  note(
    `processor time a request, medians: ${percentile(costs.on, 0.5).toFixed(1)} µs on, ${percentile(costs.off, 0.5).toFixed(1)} µs off`,
  );
  check(`${failures} requests failed`, failures === 0);
  check(
    `throughput with the log to without it, medians: ${ratio.toFixed(3)}, at least ${LOWEST_RATIO}`,
    ratio >= LOWEST_RATIO,
  );
}

async function watch(stage: Stage, { agent, target }: Side, requests: number): Promise<void> {
  const api = await openAdmin(stage, agent);
  const table = rowCounter(stage, agent);
  const samples: { done: number; rssBytes: number }[] = [];
  let [done, failures, mostRows] = [0, 0, 0];
  let told = 0;
  while (done < requests) {
    const run = await runWrk(target, STEP_SECONDS);
    if (run.requests === 0) throw new Error('no request is answered any more');
    done += run.requests;
    failures += run.failures;
    const rows = table();
    mostRows = Math.max(mostRows, rows);
    samples.push({ done, rssBytes: agent.service.rssBytes });
    if (Math.floor((10 * done) / requests) > told) {
      told = Math.floor((10 * done) / requests);
      const { droppedLogRows } = await api.status();
      note(
        `${done} requests: RSS ${inMegabytes(agent.service.rssBytes)}, ${rows} rows, ${droppedLogRows} dropped`,
      );
    }
  }
  check(`${done} requests with the log on, ${failures} failed`, failures === 0);
  const share = (from: number, to: number) =>
    percentile(
      samples
        .filter((each) => each.done > from * requests && each.done <= to * requests)
        .map(({ rssBytes }) => rssBytes),
      0.5,
    );
  const [middle, last] = [share(0.4, 0.7), share(0.7, Infinity)];
  check(
    `memory of the agent: ${inMegabytes(middle)} from 40 to 70 %, ${inMegabytes(last)} after; grown by less than ${inMegabytes(MOST_GROWN_BYTES)}`,
    last - middle < MOST_GROWN_BYTES,
  );
  let rows = table();
  await until('the table is within its bound', () => (rows = table()) <= MAX_ROWS, SETTLE_MS).catch(() => {});
  check(`${rows} rows in the end, at most ${MAX_ROWS}`, rows <= MAX_ROWS);
  check(
    `${mostRows} rows at most under load, at most one batch above ${MAX_ROWS}`,
    mostRows <= MAX_ROWS + BATCH_ROWS,
  );
  note(`${(await api.status()).droppedLogRows} rows dropped for want of room`);
}

/** Looks into the database from outside. */
function rowCounter(stage: Stage, { dataDir }: StandingAgent): () => number {
  const database = new DatabaseSync(join(dataDir, 'octoporty.sqlite'), { readOnly: true, timeout: 5_000 });
  stage.atEnd(() => database.close());
  const counting = database.prepare('SELECT count(*) AS count FROM request_logs');
  return () => Number(counting.get()?.count);
}

/** Processor time of all threads of a process. */
function cpuSeconds({ pid }: ServiceProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // Fields 14 and 15 of proc(5), counted from the third.
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
