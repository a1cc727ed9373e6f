// Many mappings over HTTP: edited together, exported, imported. Each route: parse, act, present.

import { setImmediate as nextTurn } from 'node:timers/promises';
import Router from '@koa/router';
import {
  bulkEditSchema,
  importEnvelopeSchema,
  type BulkResult,
  type ImportResult,
  type MappingFile,
} from '../../../protocol/api/bulk.ts';
import { MAX_MAPPINGS } from '../../../protocol/mapping.ts';
import type { MappingEdits } from '../mappingEdits.ts';
import type { Mappings } from '../mappings.ts';
import { fieldsOf, parseImport, placeOf, planImport, type ImportPlan } from '../mappingImport.ts';
import { StoreError, type StoreBulkWrite, type StoreEdit } from '../store/store.ts';
import { readJson } from './input.ts';
import { answerLong } from './longAnswer.ts';
import { ProblemError } from './problems.ts';

export interface BulkRoutesOptions {
  readonly mappings: Pick<Mappings, 'list'>;
  readonly edits: Pick<MappingEdits, 'editMany'>;
  /** The gateway's own name, which no mapping may take; null while it is not known. */
  readonly reservedDomain: () => string | null;
  /** The mappings have been read: before that nobody knows which there are. */
  readonly isKnown: () => boolean;
}

/** As many ids as there may be mappings, with some space. Raised: whoever is logged in makes us hold more at once. */
const MAX_BULK_BYTES = 1024 * 1024;

/**
 * As many mappings as there may be, with names of a usual length. Raised: whoever is logged in makes us hold more at
 * once, and reading it as JSON stops the loop that relays for longer (some 50 ms at this size).
 */
const MAX_IMPORT_BYTES = 12 * 1024 * 1024;

const EXPORT_NAME = 'octoporty-mappings.json';

export function bulkRoutes({ mappings, edits, reservedDomain, isKnown }: BulkRoutesOptions): Router {
  const router = new Router({ prefix: '/api/v1/mappings' });

  router.post('/bulk', async (context) => {
    refuseUnknown();
    const { ids, action } = await readJson(context, bulkEditSchema, MAX_BULK_BYTES);
    const wanted = [...new Set(ids)];
    const write = await editMany(wanted.map((id) => editOf(id, action)));
    const missing = new Set(write.missing);
    const results = wanted.map((id) => ({ id, result: missing.has(id) ? 'missing' : 'done' }) as const);
    await answerLong(context, { results, removed: [...write.removed] } satisfies BulkResult);
  });

  router.get('/export', async (context) => {
    refuseUnknown();
    context.set('Content-Disposition', `attachment; filename="${EXPORT_NAME}"`);
    await answerLong(context, { mappings: mappings.list().map(fieldsOf) } satisfies MappingFile);
  });

  router.post('/import', async (context) => {
    refuseUnknown();
    const envelope = await readJson(context, importEnvelopeSchema, MAX_IMPORT_BYTES);
    const parsed = await parseImport(envelope.mappings);
    const { removeOthers, dryRun } = envelope;
    const ground = { mappings: mappings.list(), removeOthers, reservedDomain: reservedDomain() };
    const plan = await planImport(parsed, ground);
    const { created, removed } = plan.result;
    if (ground.mappings.length + created.length - removed.length > MAX_MAPPINGS) throw new StoreError('full');
    await answerLong(context, dryRun ? plan.result : await carryOut(plan));
  });

  function refuseUnknown(): void {
    if (!isKnown()) throw new ProblemError('unavailable');
  }

  async function carryOut({ edits: planned, result }: ImportPlan): Promise<ImportResult> {
    if (result.refused.length > 0) {
      const errors = result.refused.map(({ index, field, message }) => ({
        field: ['mappings', String(index), field].filter((part) => part !== '').join('.'),
        message,
      }));
      throw new ProblemError('invalid', { errors });
    }
    return withIds(result, await editMany(planned));
  }

  /** Everybody has been told of thousands of edits: the answer, as long as they are, is a turn of its own. */
  async function editMany(planned: readonly StoreEdit[]): Promise<StoreBulkWrite> {
    const write = await edits.editMany(planned);
    await nextTurn();
    return write;
  }

  return router;
}

function editOf(id: string, action: 'enable' | 'disable' | 'delete'): StoreEdit {
  return action === 'delete'
    ? { kind: 'remove', id }
    : { kind: 'update', id, patch: { enabled: action === 'enable' } };
}

/** What was created has an id by now. */
function withIds(result: ImportResult, { saved }: StoreBulkWrite): ImportResult {
  const ids = new Map(saved.map((mapping) => [placeOf(mapping), mapping.id]));
  const created = result.created.map((each) => ({ ...each, id: ids.get(placeOf(each.mapping)) ?? null }));
  return { ...result, created };
}
