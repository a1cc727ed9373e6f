// Where the agent stands: its tunnel, its gateway, its mappings.

import { z } from 'zod';
import { entranceSchema } from './entrance.ts';
import { instantSchema, reasonSchema } from './values.ts';

/** `state` is that of the connection's machine; `online` and what begins with `online.` carry requests. */
export const statusSchema = z
  .object({
    state: z.string(),
    since: instantSchema,
    /** Dials of this process. */
    attempt: z.int().min(0),
    /** When the next dial is due; null while none is planned. */
    nextRetryAt: instantSchema.nullable(),
    /** Why the last dial or tunnel ended; null while all is well. */
    lastError: reasonSchema.nullable(),
    gateway: z.object({
      url: z.string(),
      /** Null until a gateway has answered. */
      version: z.string().nullable(),
      /** The gateway's own public name, which no mapping may take; null when it has none or has not told. */
      host: z.string().nullable(),
      rttMs: z.number().min(0).nullable(),
      /** Where visitors come in; absent: by TLS, at each mapping's own port. */
      entrance: entranceSchema.optional(),
    }),
    /** Tunnels that carry requests. */
    tunnels: z.int().min(0),
    config: z.object({
      revision: z.int().min(0),
      /** Null before the first one. */
      ackedRevision: z.int().min(0).nullable(),
      errors: z.array(reasonSchema.extend({ id: z.uuid() })),
    }),
    database: z.enum(['starting', 'ok', 'lost']),
    /** Rows of the logs that found no room, or could not be stored, and were left out. */
    droppedLogRows: z.int().min(0),
    /** Requests under way right now. */
    relays: z.int().min(0),
    agentName: z.string(),
    version: z.string(),
    uptimeSeconds: z.int().min(0),
  })
  .meta({ id: 'Status' });
export type Status = z.output<typeof statusSchema>;

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded']),
    checks: z.object({ database: statusSchema.shape.database, tunnel: z.string() }),
  })
  .meta({ id: 'Health' });

export const readinessSchema = z
  .object({ status: z.enum(['ready', 'waiting']), checks: healthSchema.shape.checks })
  .meta({ id: 'Readiness' });
