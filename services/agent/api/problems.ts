// How the API says no: thrown anywhere below the app, answered in one place.

import type Koa from 'koa';
import {
  describeProblem,
  type FieldError,
  type Problem,
  type ProblemCode,
} from '../../../protocol/api/problem.ts';
import { EditError } from '../mappingEdits.ts';
import { StoreError, type StoreErrorCode } from '../store/store.ts';

interface ProblemOptions extends ErrorOptions {
  /** More about this case, for whoever asked: it must hold nothing that they may not know. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

/** A request that cannot be answered as asked. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(options.detail ?? describeProblem(code).title, options);
    this.code = code;
    this.options = options;
  }
}

const STORE_PROBLEMS: Readonly<Record<StoreErrorCode, ProblemCode>> = {
  duplicate: 'duplicate',
  not_found: 'not_found',
  stale: 'stale',
  full: 'full',
  unavailable: 'unavailable',
  corrupt: 'unavailable',
};

/** What whoever wanted to change something has to know of it besides. */
const UNCHANGED = 'The database cannot be used right now: nothing was changed. Try again in a moment.';

/** When a person may try again while the database is away. */
const UNAVAILABLE_RETRY_SECONDS = 5;

/** What was thrown, as a problem: what nobody foresaw is `internal`. */
export function problemOf(thrown: unknown): ProblemError {
  if (thrown instanceof ProblemError) return thrown;
  const code = codeOf(thrown);
  if (code !== 'duplicate' && code !== 'domain_reserved') return new ProblemError(code, { cause: thrown });
  const errors = [{ field: 'externalDomain', message: describeProblem(code).title }];
  return new ProblemError(code, { cause: thrown, errors });
}

function codeOf(thrown: unknown): ProblemCode {
  if (thrown instanceof StoreError) return STORE_PROBLEMS[thrown.code];
  return thrown instanceof EditError ? thrown.code : 'internal';
}

/** The problem as a document (RFC 9457). */
export function documentOf({ code, options }: ProblemError): Problem {
  const { status, title } = describeProblem(code);
  const { detail, errors } = options;
  return {
    type: 'about:blank',
    status,
    title,
    code,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors: [...errors] }),
  };
}

/** Answers with the problem. */
export function answerProblem(context: Koa.Context, thrown: ProblemError): void {
  const { code, options } = thrown;
  const document = documentOf(thrown);
  const isUnchanged = code === 'unavailable' && context.method !== 'GET' && context.method !== 'HEAD';
  const problem: Problem = isUnchanged ? { detail: UNCHANGED, ...document } : document;
  const { status } = problem;
  const retryAfterSeconds =
    options.retryAfterSeconds ?? (status === 503 ? UNAVAILABLE_RETRY_SECONDS : undefined);
  context.status = status;
  context.body = JSON.stringify(problem);
  context.type = 'application/problem+json';
  if (retryAfterSeconds !== undefined) context.set('Retry-After', String(retryAfterSeconds));
  if (code === 'unauthenticated') context.set('WWW-Authenticate', 'Bearer realm="octoporty"');
}
