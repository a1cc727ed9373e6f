// Many mappings at once over the API.

import type { z } from 'zod';
import {
  bulkResultSchema,
  importResultSchema,
  mappingFileSchema,
  type BulkEdit,
  type BulkResult,
  type ImportResult,
  type MappingFile,
  type importEnvelopeSchema,
} from '../../protocol/api/bulk.ts';
import { ask } from './request.ts';

/** Those that are gone already are told as `missing`; the others are done all the same. */
export function editMappings(edit: BulkEdit): Promise<BulkResult> {
  return ask('POST', '/api/v1/mappings/bulk', { body: edit, schema: bulkResultSchema });
}

export function exportMappings(): Promise<MappingFile> {
  return ask('GET', '/api/v1/mappings/export', { schema: mappingFileSchema });
}

/**
 * Entries are judged by the agent, one by one. Throws ApiProblem `invalid` with fields such as
 * `mappings.3.internalPort`; then nothing was changed.
 */
export function importMappings(file: z.input<typeof importEnvelopeSchema>): Promise<ImportResult> {
  return ask('POST', '/api/v1/mappings/import', { body: file, schema: importResultSchema });
}
