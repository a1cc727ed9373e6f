// Requests over time: one point for each minute, for charts.

import { z } from 'zod';
import type { RequestLogEntry } from './logs.ts';
import { instantSchema, mappingIdSchema } from './values.ts';

/** A day. Raised: the agent remembers more minutes. */
export const MAX_SERIES_MINUTES = 1_440;
const SERIES_MINUTES = 60;

const ENTER_MINUTES = `Enter a whole number from 1 to ${MAX_SERIES_MINUTES}.`;

/** Requests that arrived within one minute, and have ended. Durations are told to within a tenth. */
export const seriesPointSchema = z
  .object({
    /** When the minute began. */
    start: instantSchema,
    count: z.int().min(0),
    /** Of these the ones that failed or were cut, or were answered with a status of 500 or more. */
    failed: z.int().min(0),
    /** The duration that half of them did not exceed; null when there was none. */
    p50Ms: z.number().min(0).nullable(),
    /** The same for 95 of 100. */
    p95Ms: z.number().min(0).nullable(),
  })
  .meta({ id: 'SeriesPoint' });
export type SeriesPoint = z.output<typeof seriesPointSchema>;

/** The oldest first, the running minute last; minutes without requests are there too. */
export const requestSeriesSchema = z
  .object({ items: z.array(seriesPointSchema) })
  .meta({ id: 'RequestSeries' });

export const seriesQuerySchema = z.object({
  minutes: z.coerce
    .number({ error: ENTER_MINUTES })
    .int({ error: ENTER_MINUTES })
    .min(1, { error: ENTER_MINUTES })
    .max(MAX_SERIES_MINUTES, { error: ENTER_MINUTES })
    .default(SERIES_MINUTES),
  mappingId: mappingIdSchema,
});
export type SeriesQuery = z.output<typeof seriesQuerySchema>;

/** Whether a request counts as failed. What its visitor broke off does not. */
export function isFailure({ outcome, statusCode }: Pick<RequestLogEntry, 'outcome' | 'statusCode'>): boolean {
  return outcome === 'failed' || outcome === 'cut' || (statusCode !== null && statusCode >= 500);
}
