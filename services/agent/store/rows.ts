// Reading rows: a database is outside, so each row is parsed before anyone trusts it.

import type { z } from 'zod';

import { StoreError } from './store.ts';

/** What the row holds. Throws StoreError `corrupt` that names the row and its fields when someone put in something else. */
export function parseRow<Schema extends z.ZodType>(
  kind: string,
  schema: Schema,
  row: { readonly id: string; readonly [field: string]: unknown },
): z.output<Schema> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new StoreError('corrupt', `The ${kind} ${row.id} has an invalid ${fields}.`, parsed.error);
}

/** A time of a row as text in UTC with milliseconds; what is no time stays as it is, for the schema to refuse. */
export function instantFrom(time: unknown): unknown {
  return time instanceof Date && !Number.isNaN(time.getTime()) ? time.toISOString() : time;
}
