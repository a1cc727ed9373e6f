// Values that several answers of the agent's API are made of.

import { z } from 'zod';

/** UTC with milliseconds. */
export const instantSchema = z.iso.datetime({
  precision: 3,
  error: 'Enter a UTC time with milliseconds, such as 2026-01-31T12:00:00.000Z.',
});

/** Milliseconds since 1970 as the API says them. */
export function instantOf(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** What a code of `protocol/errors.ts` is to a person. */
export const reasonSchema = z.object({ code: z.string(), message: z.string() }).meta({ id: 'Reason' });

/** Items on one page unless asked otherwise, and at most. Raised: one answer takes longer to make than a person waits. */
export const PAGE_ITEMS = 100;
export const MAX_PAGE_ITEMS = 500;

const ENTER_LIMIT = `Enter a whole number from 1 to ${MAX_PAGE_ITEMS}.`;

/** How many items a page holds, from a query string. */
export const limitSchema = z.coerce
  .number({ error: ENTER_LIMIT })
  .int({ error: ENTER_LIMIT })
  .min(1, { error: ENTER_LIMIT })
  .max(MAX_PAGE_ITEMS, { error: ENTER_LIMIT })
  .default(PAGE_ITEMS);

/** `true` or `false` from a query string. */
export const flagSchema = z
  .enum(['true', 'false'], { error: 'Enter true or false.' })
  .transform((word) => word === 'true');

/** An id from a query string. Ids are stored in lower case. */
export function idQuerySchema(message: string) {
  return z
    .uuid({ error: message })
    .transform((id) => id.toLowerCase())
    .optional();
}

export const mappingIdSchema = idQuerySchema('Enter the id of a mapping.');
