// Many mappings at once: switched or deleted together, taken out as a file and put in again.

import { z } from 'zod';
import { MAX_MAPPINGS, newMappingSchema } from '../mapping.ts';
import { storedMappingSchema } from './mappings.ts';

const ENTER_IDS = `Enter the ids of 1 to ${MAX_MAPPINGS} mappings.`;
const ENTER_MAPPINGS = `Enter a list of at most ${MAX_MAPPINGS} mappings.`;
const ENTER_FLAG = 'Enter true or false.';

export const bulkEditSchema = z.object({
  ids: z
    .array(
      z.uuid({ error: 'Enter the id of a mapping.' }).transform((id) => id.toLowerCase()),
      { error: ENTER_IDS },
    )
    .min(1, { error: ENTER_IDS })
    .max(MAX_MAPPINGS, { error: ENTER_IDS }),
  action: z.enum(['enable', 'disable', 'delete'], { error: 'Enter enable, disable or delete.' }),
});
export type BulkEdit = z.output<typeof bulkEditSchema>;

/** `missing`: there is no such mapping any more; the others are done all the same. */
export const bulkResultSchema = z
  .object({
    /** In the order of the ids, each id once. */
    results: z.array(z.object({ id: z.uuid(), result: z.enum(['done', 'missing']) })),
    /** What was deleted. Imported as it is here, it is there again, with the same ids. */
    removed: z.array(storedMappingSchema),
  })
  .meta({ id: 'BulkResult' });
export type BulkResult = z.output<typeof bulkResultSchema>;

/** All that a person edits of a mapping. */
export const mappingFieldsSchema = storedMappingSchema
  .omit({ id: true, createdAt: true, updatedAt: true })
  .meta({ id: 'MappingFields' });
export type MappingFields = z.output<typeof mappingFieldsSchema>;

/** What an export holds, and an import takes. */
export const mappingFileSchema = z
  .object({ mappings: z.array(mappingFieldsSchema) })
  .meta({ id: 'MappingFile' });
export type MappingFile = z.output<typeof mappingFileSchema>;

/** A mapping that comes back after it was deleted may bring its id, and with it its past in the request log. */
export const importedMappingSchema = newMappingSchema.extend({
  id: z
    .uuid({ error: 'Enter the UUID of a mapping, or leave it out.' })
    .transform((id) => id.toLowerCase())
    .optional(),
});
export type ImportedMapping = z.output<typeof importedMappingSchema>;

/** What holds of an import as a whole: its entries are parsed one by one, so that each refusal is told with its place. */
export const importEnvelopeSchema = z.object({
  mappings: z.array(z.unknown(), { error: ENTER_MAPPINGS }).max(MAX_MAPPINGS, { error: ENTER_MAPPINGS }),
  /** True: tells what would change, and changes nothing. */
  dryRun: z.boolean({ error: ENTER_FLAG }).default(false),
  /** True: mappings that are not in the list are deleted. */
  removeOthers: z.boolean({ error: ENTER_FLAG }).default(false),
});

/** Entries are matched by domain and port. All of it happens or nothing, in one revision. */
export const importSchema = importEnvelopeSchema.extend({ mappings: z.array(importedMappingSchema) });

/** What an import would change, or has changed. `index` is the entry's place in the list, from 0 on. */
export const importResultSchema = z
  .object({
    /** `id` is null as long as it was not created. */
    created: z.array(
      z.object({ index: z.int().min(0), id: z.uuid().nullable(), mapping: mappingFieldsSchema }),
    ),
    updated: z.array(
      z.object({
        index: z.int().min(0),
        id: z.uuid(),
        before: mappingFieldsSchema,
        after: mappingFieldsSchema,
      }),
    ),
    /** How many entries are there already as they are. */
    unchanged: z.int().min(0),
    removed: z.array(storedMappingSchema),
    /** Only of a dry run: otherwise the import is refused as a whole, by fields such as `mappings.3.internalPort`. */
    refused: z.array(z.object({ index: z.int().min(0), field: z.string(), message: z.string() })),
  })
  .meta({ id: 'ImportResult' });
export type ImportResult = z.output<typeof importResultSchema>;
