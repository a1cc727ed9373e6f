// Thousands of mappings edited at once, while a visitor goes on asking for one that nobody edits.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { bulkResultSchema, importResultSchema, mappingFileSchema } from '../../protocol/api/bulk.ts';
import { mappingListSchema } from '../../protocol/api/mappings.ts';
import { MAX_PAGE_ITEMS } from '../../protocol/api/values.ts';
import type { AdminApi } from './adminApi.ts';
import { check, percentile } from './verdict.ts';

/** The loop that relays is never held for longer by an edit. */
const ANSWER_MS = 50;

/** A visitor who goes on. */
interface Visitor {
  readonly gatewayPort: number;
  /** Of the mapping that nobody edits. */
  readonly name: string;
}

export async function checkBulkEdits(api: AdminApi, visitor: Visitor): Promise<void> {
  const file = mappingFileSchema.parse((await api.ask('GET', '/mappings/export')).body);
  const others = file.mappings.filter(({ externalDomain }) => externalDomain !== visitor.name);
  const mappings = others.map((each) => ({ ...each, name: `${each.name} again` }));
  await beside(visitor, `a dry run of ${mappings.length} changed`, async () => {
    const { body } = await api.ask('POST', '/mappings/import', { mappings, dryRun: true });
    return importResultSchema.parse(body).updated.length === mappings.length;
  });
  await beside(visitor, `an import of ${mappings.length} changed`, async () => {
    const { body } = await api.ask('POST', '/mappings/import', { mappings });
    return importResultSchema.parse(body).updated.length === mappings.length;
  });
  const ids = await idsBut(api, visitor.name);
  for (const action of ['disable', 'enable', 'delete']) {
    await beside(visitor, `${action} ${ids.length}`, async () => {
      const { body } = await api.ask('POST', '/mappings/bulk', { ids, action });
      return bulkResultSchema.parse(body).results.every(({ result }) => result === 'done');
    });
  }
}

async function beside(visitor: Visitor, what: string, edit: () => Promise<boolean>): Promise<void> {
  const thread = new Worker(new URL('visitorThread.ts', import.meta.url), { workerData: visitor });
  await once(thread, 'message');
  const startMs = performance.now();
  const isDone = await edit();
  check(`${what}: done in ${(performance.now() - startMs).toFixed(0)} ms`, isDone);
  thread.postMessage('over');
  const [message]: unknown[] = await once(thread, 'message');
  const took = z.array(z.number()).parse(message);
  await thread.terminate();
  const p99 = percentile(took, 0.99);
  check(
    `a visitor beside it: p99 of ${took.length} ${p99.toFixed(1)} ms (longest ${Math.max(...took).toFixed(0)}), below ${ANSWER_MS}`,
    p99 < ANSWER_MS,
  );
}

async function idsBut(api: AdminApi, name: string): Promise<string[]> {
  const ids: string[] = [];
  for (let offset = 0; ; offset += MAX_PAGE_ITEMS) {
    const { body } = await api.ask('GET', `/mappings?limit=${MAX_PAGE_ITEMS}&offset=${offset}`);
    const { items } = mappingListSchema.parse(body);
    for (const { id, externalDomain } of items) if (externalDomain !== name) ids.push(id);
    if (items.length < MAX_PAGE_ITEMS) return ids;
  }
}
