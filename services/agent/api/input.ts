// What a request says, parsed by one schema: bodies and queries, bounded.

import type Koa from 'koa';
import getRawBody from 'raw-body';
import type { z } from 'zod';
import type { FieldError } from '../../../protocol/api/problem.ts';
import { ProblemError } from './problems.ts';

/** A body, unless a route takes larger ones. Raised: anybody who can log in makes us hold and parse more at once. */
const MAX_BODY_BYTES = 64 * 1024;

/** Throws ProblemError `not_json`, `too_large`, or `invalid` with its fields. */
export async function readJson<Schema extends z.ZodType>(
  context: Koa.Context,
  schema: Schema,
  maxBytes = MAX_BODY_BYTES,
): Promise<z.output<Schema>> {
  if (context.request.is('json') === false) throw new ProblemError('not_json');
  return parse(schema, parseJson(await readBody(context, maxBytes)));
}

/** The query string, of which only the first value of each name counts. Throws ProblemError `invalid`. */
export function readQuery<Schema extends z.ZodType>(context: Koa.Context, schema: Schema): z.output<Schema> {
  const given = Object.entries(context.query).map(([name, value]) => [
    name,
    Array.isArray(value) ? value[0] : value,
  ]);
  return parse(schema, Object.fromEntries(given));
}

async function readBody(context: Koa.Context, maxBytes: number): Promise<string> {
  try {
    return await getRawBody(context.req, {
      limit: maxBytes,
      length: context.request.length,
      encoding: 'utf-8',
    });
  } catch (error) {
    throw problemOfBody(error instanceof Error && 'type' in error ? error.type : undefined, error);
  }
}

function problemOfBody(type: unknown, cause: unknown): unknown {
  if (type === 'entity.too.large') return new ProblemError('too_large', { cause });
  // Whoever asked has left: nobody reads the answer, and it is no fault of ours.
  if (type === 'request.aborted') return new ProblemError('invalid', { cause });
  return cause;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProblemError('invalid', {
      cause: error,
      errors: [{ field: '', message: 'The body is not JSON.' }],
    });
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid', { errors: parsed.error.issues.map(fieldErrorOf) });
}

function fieldErrorOf({ path, code, message }: z.core.$ZodIssue): FieldError {
  if (path.length === 0 && code === 'invalid_type') return { field: '', message: 'Send a JSON object.' };
  return { field: path.map(String).join('.'), message };
}
