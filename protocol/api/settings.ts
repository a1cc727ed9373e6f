// What the agent runs with, for reading: facts, and never a secret.

import { z } from 'zod';

const retentionSchema = z.object({
  /** Older rows go. */
  maxAgeMs: z.number().min(0),
  /** Of more rows the oldest go. */
  maxRows: z.int().min(0),
});

/** How far apart two versions are, by the first number that differs. */
export const SKEWS = ['none', 'patch', 'minor', 'major'] as const;

export const settingsSchema = z
  .object({
    agent: z.object({ id: z.string(), name: z.string(), version: z.string() }),
    gateway: z.object({
      url: z.string(),
      /** Its own public name; null when it has none or has not told. */
      host: z.string().nullable(),
      /** Null until a gateway has answered. */
      version: z.string().nullable(),
    }),
    /** Between the versions of both sides; null while one is not known. */
    skew: z.enum(SKEWS).nullable(),
    database: z.object({
      kind: z.enum(['sqlite', 'mssql']),
      /** The file's path, or server and database. */
      place: z.string(),
    }),
    logs: z.object({
      /** False: requests are noted nowhere. */
      isRequestLogOn: z.boolean(),
      requests: retentionSchema,
      connections: retentionSchema,
    }),
    /** Where the API's document is read. */
    apiDocument: z.string(),
  })
  .meta({ id: 'Settings' });
export type Settings = z.output<typeof settingsSchema>;
export type Skew = NonNullable<Settings['skew']>;
