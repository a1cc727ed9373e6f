// Owns how the dashboard asks the agent: one request, its answer parsed by the API's own schema, its failures named.

import type { z } from 'zod';
import { problemSchema, type FieldError, type ProblemCode } from '../../protocol/api/problem.ts';
import { BACKGROUND_HEADER } from '../../protocol/api/session.ts';
import { isAttended } from './attendance.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface AskOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Absent and undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** The `updatedAt` of the mapping as it was read: `stale` when somebody was faster. */
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The agent said no. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: ProblemCode;
  readonly title: string;
  readonly detail: string | null;
  /** The message for each field that is to blame, by the field's name. */
  readonly fields: Readonly<Record<string, string>>;
  /** When asking again may help; null: not said. */
  readonly retryAfterSeconds: number | null;

  constructor(problem: z.output<typeof problemSchema>, retryAfterSeconds: number | null) {
    super(problem.detail ?? problem.title);
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail ?? null;
    this.fields = fieldsOf(problem.errors ?? []);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Nobody answered, or not in our words: the agent is away, or something in between answers for it. */
export class AgentUnreachable extends Error {
  override readonly name = 'AgentUnreachable';
}

let tellLoggedOut = (): void => {};

/** Called whenever the agent says that nobody is logged in. */
export function onLoggedOut(listener: () => void): void {
  tellLoggedOut = listener;
}

/**
 * Asks the agent; answers with what `schema` makes of the answer, and without one is answered with nothing (204). Throws
 * ApiProblem, AgentUnreachable, or the AbortError of `signal`.
 */
export function ask<S extends z.ZodType>(
  method: Method,
  path: string,
  options: AskOptions & { readonly schema: S },
): Promise<z.output<S>>;
export function ask(method: Method, path: string, options?: AskOptions): Promise<unknown>;
export async function ask(
  method: Method,
  path: string,
  options: AskOptions & { readonly schema?: z.ZodType } = {},
): Promise<unknown> {
  const response = await send(method, path, options);
  const json = await jsonOf(response, options.signal);
  if (!response.ok) throw problemOf(response, json);
  if (options.schema === undefined) {
    // Anybody answers with 200, the login of a proxy among them.
    if (response.status !== 204) throw answeredInFront(response);
    return undefined;
  }
  if (json === undefined) throw answeredInFront(response);
  const parsed = options.schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new AgentUnreachable(
    'The agent answers in words that this page does not know: load the page again.',
    {
      cause: parsed.error,
    },
  );
}

/** One sentence for a person, whatever was thrown. */
export function sayError(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : 'Something went wrong here.';
}

async function send(
  method: Method,
  path: string,
  { body, query = {}, ifMatch, signal }: AskOptions,
): Promise<Response> {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, String(value));
  try {
    return await fetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'If-Match': `"${ifMatch}"` }),
        ...(method === 'GET' && !isAttended() ? { [BACKGROUND_HEADER]: '1' } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw unreachable(error, signal);
  }
}

/** Undefined for what is no JSON. */
async function jsonOf(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw unreachable(error, signal);
  }
}

function unreachable(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return error;
  return new AgentUnreachable('The agent does not answer: it is stopped, or the network is away.', {
    cause: error,
  });
}

function problemOf(response: Response, json: unknown): Error {
  const parsed = problemSchema.safeParse(json);
  if (!parsed.success) return answeredInFront(response);
  if (parsed.data.code === 'unauthenticated') tellLoggedOut();
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new ApiProblem(parsed.data, Number.isFinite(seconds) ? seconds : null);
}

function answeredInFront({ status }: Response): AgentUnreachable {
  return new AgentUnreachable(`Something in front of the agent answered with ${status}.`);
}

function fieldsOf(errors: readonly FieldError[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { field, message } of errors) fields[field] ??= message;
  return fields;
}
