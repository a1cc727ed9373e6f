// One operation of the agent's API as its document tells it: what is asked, what is answered, and how it says no.

import type { z } from 'zod';
import type { ProblemCode } from '../../../../protocol/api/problem.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
export type Tag = 'login' | 'mappings' | 'status' | 'logs' | 'health';

export interface Answer {
  readonly says: string;
  readonly schema?: z.ZodType;
  /** Those that are always there, and what they hold. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface Details {
  /** Whoever asks is answered; without it, whoever is logged in. */
  readonly isOpen?: true;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly takesIfMatch?: true;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Besides those that follow from the rest: see `problemsOf`. */
  readonly problems?: readonly ProblemCode[];
}

interface Named extends Details {
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
}

export interface Operation extends Named {
  readonly tag: Tag;
}

export const get = operationBy('get');
export const post = operationBy('post');
export const put = operationBy('put');
export const patch = operationBy('patch');
export const remove = operationBy('delete');

/** The operations that the document shows together. */
export function tagged(tag: Tag, operations: readonly Named[]): Operation[] {
  return operations.map((operation) => ({ ...operation, tag }));
}

/** Answered with 200, and nothing else when all goes well. */
export function ok(says: string, schema: z.ZodType, headers?: Answer['headers']): Details['answers'] {
  return { 200: { says, schema, ...(headers === undefined ? {} : { headers }) } };
}

/** Every problem that an operation may answer with. */
export function problemsOf({ method, path, isOpen, query, body, takesIfMatch, problems = [] }: Operation) {
  const codes: ProblemCode[] = [...problems, 'unknown_name', 'internal'];
  if (isOpen !== true) codes.push('unauthenticated');
  if (isOpen !== true && method !== 'get') codes.push('foreign_origin');
  if (path.includes('{id}')) codes.push('not_found');
  if (query !== undefined || body !== undefined) codes.push('invalid');
  if (body !== undefined) codes.push('not_json', 'too_large');
  if (takesIfMatch === true) codes.push('stale');
  return codes;
}

function operationBy(method: Method) {
  return (path: string, id: string, summary: string, details: Details): Named => ({
    ...{ id, method, path, summary },
    ...details,
  });
}
