// A compose file as tests read it: as it is written, before variables are put in.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const environmentSchema = z.record(z.string(), z.union([z.string(), z.null()]));

const serviceSchema = z.looseObject({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string(), target: z.string() }).optional(),
  environment: environmentSchema.default({}),
  ports: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()).default([]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  restart: z.string().default('no'),
  stop_grace_period: z.string().default('10s'),
  logging: z.looseObject({ options: z.record(z.string(), z.string()).default({}) }).optional(),
});

const fileSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  volumes: z.record(z.string(), z.unknown()),
});

export type ComposeService = z.output<typeof serviceSchema>;

export interface ComposeFile {
  readonly name: string;
  readonly text: string;
  /** As the schema of the specification takes it. */
  readonly parsed: unknown;
  readonly services: ReadonlyMap<string, ComposeService>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly volumes: readonly string[];
}

/** `name` is a file of deploy/. */
export function readComposeFile(name: string): ComposeFile {
  const text = readDeployFile(name);
  const parsed: unknown = parse(text, { merge: true });
  const { services, secrets, volumes } = fileSchema.parse(parsed);
  return {
    name,
    text,
    parsed,
    services: new Map(Object.entries(services)),
    secrets: new Map(Object.entries(secrets).map(([secret, { file }]) => [secret, file])),
    volumes: Object.keys(volumes),
  };
}

export function readDeployFile(name: string): string {
  return readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');
}
