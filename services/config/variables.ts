// Owns where a setting comes from: flags win over the environment, that over a file, that over defaults; secrets may be files.

import type { z } from 'zod';
import { flagOf, keyOf } from './names.ts';
import { readSecretFile, type ReadSecret } from './secretFile.ts';
import { isEmptyMeant, isSecret } from './settings.ts';

/** Settings by the name of their environment variable. An empty value counts as absent, except in CIDR lists. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A configuration file as it was read. */
export interface ConfigFile {
  /** As it was named or found. */
  readonly path: string;
  /** By the names of variables, `NAME_FILE` among them; what belongs to another service too. */
  readonly values: ReadonlyMap<string, { readonly text: string; readonly line: number }>;
}

/** The layers, strongest first. */
export interface ConfigSources {
  /** `--listen-port 1` is `OCTOPORTY_LISTEN_PORT: '1'` here. */
  readonly flags?: Variables;
  readonly environment?: Variables;
  readonly file?: ConfigFile | null;
  readonly defaults?: Variables;
}

interface ConfigErrorOptions extends ErrorOptions {
  readonly setting?: string | null;
}

/** The configuration is wrong. The message is one plain line that names what was given and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The variable it is about; null where it is about none, or no one asks. */
  readonly setting: string | null;

  constructor(message: string, { setting = null, ...options }: ConfigErrorOptions = {}) {
    super(message, options);
    this.setting = setting;
  }
}

/** Who has said it. */
export type Origin =
  | { readonly from: 'flag'; readonly flag: string }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'file'; readonly path: string; readonly line: number; readonly key: string }
  | { readonly from: 'default' };

export interface Found {
  readonly text: string;
  readonly origin: Origin;
}

/** Takes what the schema names from the sources and parses it. Throws ConfigError for the first thing wrong. */
export function parseVariables<Schema extends z.ZodObject>(
  schema: Schema,
  sources: ConfigSources,
): z.output<Schema> {
  const values: Record<string, string | undefined> = {};
  for (const name of Object.keys(schema.shape)) values[name] = find(name, sources)?.text;
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0]);
  throw new ConfigError(`${labelOf(name, sources)} ${issue?.message ?? 'is invalid'}`, { setting: name });
}

/** What the strongest layer says of a setting, `NAME_FILE` read; undefined when none does. Throws ConfigError. */
export function find(name: string, sources: ConfigSources): Found | undefined {
  const said = layersOf(sources)
    .map((layer) => saidIn(layer, name))
    .find((each) => each !== undefined);
  if (said === undefined || said.file === null) return said;
  return { text: secretIn(said.file, name, wordsOf(name, said.origin)), origin: said.origin };
}

/** Whether flags, environment or file say anything about this variable, itself or as a file. */
export function isConfigured(name: string, sources: ConfigSources): boolean {
  const { defaults: _, ...given } = sources;
  return layersOf(given).some((layer) =>
    Boolean(layer.get(name) || (isSecret(name) && layer.get(`${name}_FILE`))),
  );
}

/** The setting as the user gave it: the flag, the variable or the place in the file, so that an error names what was typed. */
export function labelOf(name: string, sources: ConfigSources): string {
  const said = layersOf(sources)
    .map((layer) => saidIn(layer, name))
    .find((each) => each !== undefined);
  return said === undefined ? name : wordsOf(name, said.origin);
}

/** Where it stands, as people look for it: the flag, the variable, or the file with the line. */
export function placeOf(origin: Origin): string | null {
  if (origin.from === 'default') return null;
  if (origin.from === 'flag') return origin.flag;
  return origin.from === 'environment' ? origin.variable : `${origin.path}:${origin.line}`;
}

/** One place where settings stand, by the names of variables. */
interface Layer {
  get(name: string): string | undefined;
  originOf(name: string): Origin;
}

interface Said extends Found {
  /** The path of the file that holds the value, instead of the text; null: the text is the value. */
  readonly file: string | null;
}

function layersOf({ flags, environment, file, defaults }: ConfigSources): Layer[] {
  return [
    { get: (name) => flags?.[name], originOf: (name) => ({ from: 'flag', flag: flagOf(name) }) },
    { get: (name) => environment?.[name], originOf: (variable) => ({ from: 'environment', variable }) },
    {
      get: (name) => file?.values.get(name)?.text,
      originOf: (name) => ({
        from: 'file',
        path: file?.path ?? '',
        line: file?.values.get(name)?.line ?? 0,
        key: keyOf(name),
      }),
    },
    { get: (name) => defaults?.[name], originOf: () => ({ from: 'default' }) },
  ];
}

/** Throws ConfigError when the layer gives a secret twice. */
function saidIn(layer: Layer, name: string): Said | undefined {
  const text = layer.get(name);
  const path = isSecret(name) ? layer.get(`${name}_FILE`) : undefined;
  if (path !== undefined && path !== '') {
    const origin = layer.originOf(`${name}_FILE`);
    if (text) {
      const either =
        origin.from === 'file' ? `${wordsOf(name, origin)} or ${keyOf(name)}` : `${name} or ${name}_FILE`;
      throw new ConfigError(`Set ${either}, not both.`, { setting: name });
    }
    return { text: '', origin, file: path };
  }
  if (text === undefined || (text === '' && !isEmptyMeant(name))) return undefined;
  return { text, origin: layer.originOf(name), file: null };
}

/** How an error begins that is about it. */
function wordsOf(name: string, origin: Origin): string {
  const place = placeOf(origin) ?? name;
  return origin.from === 'file' ? `${place}: ${origin.key}` : place;
}

function secretIn(path: string, name: string, label: string): string {
  const read = secretFileAt(path, name, label);
  if ('text' in read) return read.text;
  throw new ConfigError(`${label}: ${read.problem}`, { setting: name });
}

function secretFileAt(path: string, name: string, label: string): ReadSecret {
  try {
    return readSecretFile(path);
  } catch (error) {
    throw new ConfigError(`${label}: cannot read ${path} (${reasonOf(error)}).`, { setting: name });
  }
}

/** The system's short word for what failed (`ENOENT`), without the stack. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}
