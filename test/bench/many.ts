// Ten thousand mappings on one agent: lists, edits, the sync of them all, the way of a new one, edits of them
// all together beside a visitor, and the gateway's lookup.

import { mappingListSchema } from '../../protocol/api/mappings.ts';
import { get, until } from '../support/rig.ts';
import type { AdminApi } from './adminApi.ts';
import { checkBulkEdits } from './bulkEdits.ts';
import { measureLookups } from './lookups.ts';
import { putMappings } from './manyMappings.ts';
import type { Stage } from './stage.ts';
import { openAdmin, startOrigin, startPair, untilOnline } from './standingPair.ts';
import { check, inMegabytes, note, percentile } from './verdict.ts';

const MAPPINGS = 10_000;
const FEW = 10;

/** How often each of them is asked for or done. */
const REPEATS = 60;
const SYNCS = 10;

const LIST_MS = 50;
const CREATE_MS = 20;
const SYNC_MS = 1_000;
const SERVED_MS = 100;

/** Between two measurements of one and the same thing there is as much. */
const LOOKUP_RATIO = 1.25;

export async function many(stage: Stage): Promise<void> {
  const origin = await startOrigin(stage);
  const { gateway, agent } = await startPair(stage);
  const api = await openAdmin(stage, agent);
  const drafts = newMappings(origin.port);
  await checkServed(api, gateway.port, drafts, 'with few mappings');

  await agent.service.end('SIGTERM');
  await putMappings(agent.dataDir, MAPPINGS, origin.port);
  agent.service.start();
  await untilOnline(agent);
  await until('all is acked', async () => isAcked((await api.status()).config));
  note(`RSS agent ${inMegabytes(agent.service.rssBytes)}, gateway ${inMegabytes(gateway.service.rssBytes)}`);

  await checkLists(api);
  const created: number[] = [];
  for (let n = 0; n < REPEATS; n += 1) created.push((await api.create(drafts())).tookMs);
  checkMedian(`create with ${MAPPINGS} mappings`, created, CREATE_MS);
  await checkServed(api, gateway.port, drafts, `with ${MAPPINGS} mappings`);
  await checkSync(api);
  const { mapping: asked } = await api.create(drafts());
  await until('it is served', async () => {
    return (await get(gateway.port, asked.externalDomain, '/small/1')).status === 200;
  });
  await checkBulkEdits(api, { gatewayPort: gateway.port, name: asked.externalDomain });

  const { fewNs, manyNs, spreadNs } = measureLookups(FEW, MAPPINGS);
  note(`a lookup of one of ${MAPPINGS} names that take turns: ${spreadNs.toFixed(0)} ns`);
  check(
    `a lookup of the gateway: ${fewNs.toFixed(0)} ns of ${FEW} mappings, ${manyNs.toFixed(0)} ns of ${MAPPINGS}; ratio ${(manyNs / fewNs).toFixed(2)}, at most ${LOOKUP_RATIO}`,
    manyNs / fewNs <= LOOKUP_RATIO,
  );
}

function newMappings(internalPort: number) {
  let count = 0;
  return () => {
    count += 1;
    const name = `new-${count}`;
    const externalDomain = `${name}.example`;
    return { name, externalDomain, internalHost: '127.0.0.1', internalPort, internalProtocol: 'http' };
  };
}

async function checkLists(api: AdminApi): Promise<void> {
  const total = MAPPINGS;
  const pages = {
    'the first page of 100': '/mappings?limit=100',
    'the last page of 100': `/mappings?limit=100&offset=${total - 100}`,
    'a search that finds all': '/mappings?limit=100&search=service',
    'a search that finds one': '/mappings?limit=100&search=many-4711.example',
    'a search that finds nothing': '/mappings?limit=100&search=nothing-of-the-kind',
  };
  for (const [what, path] of Object.entries(pages)) {
    const took: number[] = [];
    for (let n = 0; n < REPEATS; n += 1) {
      const answer = await api.ask('GET', path);
      mappingListSchema.parse(answer.body);
      took.push(answer.tookMs);
    }
    checkMedian(what, took, LIST_MS);
  }
}

/** From the answer of the create to the first request that the origin answers. */
async function checkServed(
  api: AdminApi,
  gatewayPort: number,
  drafts: ReturnType<typeof newMappings>,
  when: string,
): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < REPEATS / 3; n += 1) {
    const { mapping } = await api.create(drafts());
    const startMs = performance.now();
    while ((await get(gatewayPort, mapping.externalDomain, '/small/1')).status !== 200);
    took.push(performance.now() - startMs);
  }
  note(`served after its 201, ${when}: longest ${Math.max(...took).toFixed(1)} ms`);
  checkMedian(`served after its 201, ${when}`, took, SERVED_MS);
}

/** From a tunnel dropped on purpose to the ack of every mapping over the next one. */
async function checkSync(api: AdminApi): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < SYNCS; n += 1) {
    const { attempt } = await api.status();
    const startMs = performance.now();
    await api.ask('POST', '/reconnect');
    for (;;) {
      const status = await api.status();
      if (status.attempt > attempt && status.tunnels > 0 && isAcked(status.config)) break;
    }
    took.push(performance.now() - startMs);
  }
  checkMedian(`reconnect and sync of all ${MAPPINGS}`, took, SYNC_MS);
  check(`none of them took longer than ${SYNC_MS} ms`, Math.max(...took) < SYNC_MS);
}

function isAcked({ revision, ackedRevision }: { revision: number; ackedRevision: number | null }): boolean {
  return revision === ackedRevision;
}

function checkMedian(what: string, durationsMs: readonly number[], limitMs: number): void {
  const median = percentile(durationsMs, 0.5);
  check(
    `${what}: median of ${durationsMs.length} ${median.toFixed(1)} ms (p99 ${percentile(durationsMs, 0.99).toFixed(1)}), below ${limitMs}`,
    median < limitMs,
  );
}
