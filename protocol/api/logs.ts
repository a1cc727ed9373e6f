// The request log and the connection log as the agent's API shows them.

import { z } from 'zod';
import { idQuerySchema, instantSchema, limitSchema, mappingIdSchema } from './values.ts';

export const REQUEST_OUTCOMES = ['complete', 'failed', 'cut', 'left'] as const;

/** One visitor's request as the agent saw it. Bytes are those of bodies. */
export const requestLogSchema = z
  .object({
    id: z.uuid(),
    /** Of a mapping that may be gone by now. */
    portMappingId: z.uuid(),
    /** When it arrived at the agent. */
    timestamp: instantSchema,
    method: z.string(),
    /** Without the query, which may hold secrets. */
    path: z.string(),
    /** Null when there was no answer. */
    statusCode: z.int().nullable(),
    durationMs: z.number().min(0),
    /** From its arrival at the agent to the head of the origin's answer; null when there was none, or it was not noted. */
    firstByteMs: z.number().min(0).nullable(),
    /** From the visitor. */
    bytesIn: z.number().min(0),
    /** To the visitor. */
    bytesOut: z.number().min(0),
    /** `complete`: answered whole. `failed`: answered with our error. `cut`: broken off. `left`: the visitor left. */
    outcome: z.enum(REQUEST_OUTCOMES),
    errorCode: z.string().nullable(),
    visitorAddress: z.string(),
  })
  .meta({ id: 'RequestLog' });
export type RequestLogEntry = z.output<typeof requestLogSchema>;

/** One tunnel from online to its end. */
export const connectionLogSchema = z
  .object({
    id: z.uuid(),
    connectedAt: instantSchema,
    /** Null while it is online. */
    disconnectedAt: instantSchema.nullable(),
    disconnectReason: z.string().nullable(),
    gatewayVersion: z.string(),
    agentVersion: z.string(),
  })
  .meta({ id: 'ConnectionLog' });
export type ConnectionLogEntry = z.output<typeof connectionLogSchema>;

export const requestPageSchema = z.object({ items: z.array(requestLogSchema) }).meta({ id: 'RequestPage' });
export const connectionPageSchema = z
  .object({ items: z.array(connectionLogSchema) })
  .meta({ id: 'ConnectionPage' });

const ENTER_STATUS = 'Enter a status such as 404, or a class such as 5xx.';
const ENTER_BEFORE = 'Enter the id of the last entry of the page before.';

/** The newest first; `before` is the id of the last entry of the page before. */
export const requestQuerySchema = z.object({
  mappingId: mappingIdSchema,
  method: z
    .string()
    .max(32)
    .transform((method) => method.toUpperCase())
    .optional(),
  status: z
    .string()
    .regex(/^[1-9](\d\d|xx)$/, { error: ENTER_STATUS })
    .optional(),
  /** Part of the path. */
  path: z.string().max(1_000).optional(),
  before: idQuerySchema(ENTER_BEFORE),
  limit: limitSchema,
});
export type RequestQuery = z.output<typeof requestQuerySchema>;

export const connectionQuerySchema = z.object({
  before: idQuerySchema(ENTER_BEFORE),
  /** Leaves out those that had ended by then. */
  since: instantSchema.optional(),
  limit: limitSchema,
});
export type ConnectionQuery = z.output<typeof connectionQuerySchema>;
