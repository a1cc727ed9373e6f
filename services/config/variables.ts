// Owns where a setting comes from: flags win over the environment, the environment over defaults, secrets may be files.

import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** Settings by the name of their environment variable. An empty value counts as absent, except in CIDR lists. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The layers, strongest first. */
export interface ConfigSources {
  /** `--listen-port 1` is `OCTOPORTY_LISTEN_PORT: '1'` here. */
  readonly flags?: Variables;
  readonly environment?: Variables;
  readonly defaults?: Variables;
}

/** The configuration is wrong. The message is one plain line that names the variable and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** May come as `NAME_FILE`, the path of a file that holds the value. Their values never appear in an error. */
const SECRETS = new Set([
  'OCTOPORTY_AUTH_SECRET',
  'OCTOPORTY_AUTH_SECRET_PREVIOUS',
  'OCTOPORTY_STATUS_TOKEN',
  'OCTOPORTY_UI_PASSWORD',
  'OCTOPORTY_CONNECTION_STRING',
]);

/** Set and empty, these mean "none" instead of their default. */
const EMPTY_MEANS_NONE = new Set(['OCTOPORTY_TRUSTED_PROXIES']);

const PREFIX = 'OCTOPORTY_';

/** Takes what the schema names from the sources and parses it. Throws ConfigError for the first thing wrong. */
export function parseVariables<Schema extends z.ZodObject>(
  schema: Schema,
  sources: ConfigSources,
): z.output<Schema> {
  const values: Record<string, string | undefined> = {};
  for (const name of Object.keys(schema.shape)) values[name] = valueOf(name, sources);
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigError(`${labelOf(String(issue?.path[0]), sources)} ${issue?.message ?? 'is invalid'}`);
}

/** Whether flags or environment say anything about this variable, itself or as a file. */
export function isConfigured(name: string, { flags, environment }: ConfigSources): boolean {
  return [flags?.[name], environment?.[name], environment?.[`${name}_FILE`]].some((value) => Boolean(value));
}

/** The variable as the user gave it: the flag when it came as one, so that the error names what was typed. */
export function labelOf(name: string, { flags, environment }: ConfigSources): string {
  if (flags?.[name] !== undefined) return `--${name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')}`;
  return SECRETS.has(name) && Boolean(environment?.[`${name}_FILE`]) ? `${name}_FILE` : name;
}

/** `listenPort`, as the command line's parser names a flag, to `OCTOPORTY_LISTEN_PORT`. */
export function variableOfFlag(flag: string): string {
  return PREFIX + flag.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function valueOf(name: string, { flags, environment, defaults }: ConfigSources): string | undefined {
  const fromFile = SECRETS.has(name) ? secretFile(name, environment ?? {}) : undefined;
  const layers = [flags?.[name], fromFile ?? environment?.[name], defaults?.[name]];
  return layers.find((value) => value !== undefined && (value !== '' || EMPTY_MEANS_NONE.has(name)));
}

function secretFile(name: string, environment: Variables): string | undefined {
  const path = environment[`${name}_FILE`];
  if (path === undefined || path === '') return undefined;
  if (environment[name]) throw new ConfigError(`Set ${name} or ${name}_FILE, not both.`);
  const secret = readText(`${name}_FILE`, path).replace(/\r?\n$/, '');
  if (secret === '') throw new ConfigError(`${name}_FILE names an empty file: write the value into ${path}.`);
  return secret;
}

function readText(label: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${label}: cannot read ${path} (${reasonOf(error)}).`);
  }
}

/** The system's short word for what failed (`ENOENT`), without the stack. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}
