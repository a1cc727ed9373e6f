// Many mappings at once over the API.

import type { z } from 'zod';
import {
  bulkResultSchema,
  importResultSchema,
  type BulkEdit,
  type BulkResult,
  type ImportResult,
  type importSchema,
} from '../../protocol/api/bulk.ts';
import { ask } from './request.ts';

/** Those that are gone already are told as `missing`; the others are done all the same. */
export function editMappings(edit: BulkEdit): Promise<BulkResult> {
  return ask('POST', '/api/v1/mappings/bulk', { body: edit, schema: bulkResultSchema });
}

/** Throws ApiProblem `invalid` with fields such as `mappings.3.internalPort`; then nothing was changed. */
export function importMappings(file: z.input<typeof importSchema>): Promise<ImportResult> {
  return ask('POST', '/api/v1/mappings/import', { body: file, schema: importResultSchema });
}
