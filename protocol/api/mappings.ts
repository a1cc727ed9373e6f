// Mappings as the agent's API shows them: what is stored, and how it stands with the gateway.

import { z } from 'zod';
import { mappingSchema } from '../mapping.ts';
import { flagSchema, instantSchema, limitSchema, reasonSchema } from './values.ts';

/**
 * What visitors of a mapping are shown by TLS. `pending`: nothing yet, as far as is known without fault. `issued`: a
 * certificate for its name, until `expiresAt`. `failed`: none, and `reason` says what is wrong and what to do.
 */
export const certificateSchema = z
  .object({
    state: z.enum(['pending', 'issued', 'failed']),
    reason: z.string().optional(),
    expiresAt: instantSchema.optional(),
  })
  .meta({ id: 'Certificate' });
export type Certificate = z.output<typeof certificateSchema>;

/**
 * How far a mapping has come. `disabled`: not published on purpose. `offline`: there is no tunnel. `pending`: on its way
 * to the gateway, or into the web server in front of it. `active`: it is served, since `appliedAt`. `refused`: it does not, and `error` says why.
 */
export const routeSchema = z
  .object({
    state: z.enum(['disabled', 'offline', 'pending', 'active', 'refused']),
    error: reasonSchema.optional(),
    appliedAt: instantSchema.optional(),
    /** Only of what is `active`; absent where it is not served by TLS, or that is not known. */
    certificate: certificateSchema.optional(),
  })
  .meta({ id: 'Route' });
export type Route = z.output<typeof routeSchema>;

/** What a mapping was asked for, as far as the request log and the agent's memory reach back. */
export const activitySchema = z
  .object({
    /** When the newest request arrived; null when none is known. */
    lastSeen: instantSchema.nullable(),
    /** Those that arrived in the running minute and the 59 before it, and have ended. */
    requestsLastHour: z.int().min(0),
  })
  .meta({ id: 'Activity' });
export type Activity = z.output<typeof activitySchema>;

/** A mapping as it is stored. Hosts are in their stored form: lower case, ASCII. */
export const storedMappingSchema = mappingSchema
  .extend({ externalDomain: z.string(), internalHost: z.string(), hostHeader: z.string() })
  .meta({ id: 'StoredMapping' });

export const mappingViewSchema = storedMappingSchema
  .extend({ route: routeSchema, activity: activitySchema })
  .meta({ id: 'Mapping' });
export type MappingView = z.output<typeof mappingViewSchema>;

export const mappingListSchema = z
  .object({ items: z.array(mappingViewSchema), total: z.int().min(0) })
  .meta({ id: 'MappingList' });

/** The longest host name. Raised: nothing more can be found. */
const MAX_SEARCH_LENGTH = 253;

const ENTER_OFFSET = 'Enter a whole number from 0 on.';

/** `search` is looked for in name, domain and internal host. */
export const mappingQuerySchema = z.object({
  search: z
    .string()
    .max(MAX_SEARCH_LENGTH, { error: `Enter at most ${MAX_SEARCH_LENGTH} characters.` })
    .optional(),
  enabled: flagSchema.optional(),
  limit: limitSchema,
  offset: z.coerce
    .number({ error: ENTER_OFFSET })
    .int({ error: ENTER_OFFSET })
    .min(0, { error: ENTER_OFFSET })
    .default(0),
});
export type MappingQuery = z.output<typeof mappingQuerySchema>;
