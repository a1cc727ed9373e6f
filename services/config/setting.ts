// Owns what a setting is: how its text is read, what it is when nobody sets it, and what people are told about it.

import { z } from 'zod';

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** Reads the text of a setting, or its absence. */
  readonly schema: Schema;
  /** The text it has when nobody sets it; null: none. */
  readonly defaultText: (() => string) | null;
  readonly about: About;
}

/** What people read about a setting, in the order in which they read it. */
export interface About {
  /** One line that ends with a full stop. */
  readonly means: string;
  readonly takes: keyof typeof KINDS;
  readonly example: string;
  /** What holds when it is not set; only where no default text says it, or where that depends on something. */
  readonly unset?: string;
}

/** Settings by the name of their environment variable. */
export type Settings = Readonly<Record<string, Setting>>;

/** What can be written as a value, in words; `list`: several may be given. */
export const KINDS = {
  text: { words: 'text', isList: false },
  secret: { words: 'text, kept secret', isList: false },
  boolean: { words: '`true` or `false`', isList: false },
  port: { words: 'a port, 0 for any free one', isList: false },
  time: { words: 'a time: `500ms`, `60s`, `5m`, `24h` or `7d`, at most `24d`', isList: false },
  count: { words: 'a whole number from 1', isList: false },
  level: { words: '`debug`, `info`, `warn`, `error` or `silent`', isList: false },
  url: { words: 'a URL', isList: false },
  host: { words: 'a host name or an address', isList: false },
  path: { words: 'a path', isList: false },
  ports: { words: 'a list of ports', isList: true },
  cidrs: { words: 'a list of addresses or CIDRs', isList: true },
  hosts: { words: 'a list of host names', isList: true },
  servers: { words: 'a list of addresses, each with a port or without', isList: true },
} as const;

/** A setting that is what it says it is when nobody sets it. */
export function withDefault<Schema extends z.ZodType<unknown, string>>(
  schema: Schema,
  text: string | (() => string),
  about: About,
) {
  const defaultText = typeof text === 'string' ? () => text : text;
  return { schema: z.string().prefault(defaultText).pipe(schema), defaultText, about };
}

/** A setting that may be absent: null. */
export function optional<Schema extends z.ZodType>(schema: Schema, about: About) {
  const orNull = schema.optional().transform((value) => value ?? null);
  return { schema: orNull, defaultText: null, about };
}

/** A setting without which there is no start: its schema refuses its absence. */
export function required<Schema extends z.ZodType>(schema: Schema, about: About) {
  return { schema, defaultText: null, about: { unset: 'required', ...about } };
}

/** The schema that reads all of them. */
export function schemaOf<Given extends Settings>(settings: Given) {
  const shape = Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema]));
  return z.object(shape as { [Name in keyof Given]: Given[Name]['schema'] });
}
