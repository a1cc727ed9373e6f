// How the agent's API says no: RFC 9457 problem documents, from one closed table.

import { z } from 'zod';

/** What a problem means outside. `detail` of an answer says more about the case at hand. */
interface ProblemEntry {
  /** HTTP status (RFC 9110 §15). */
  readonly status: number;
  /** One sentence for a person: what is wrong, and what to do when there is something to do. */
  readonly title: string;
}

const PROBLEMS = {
  invalid: { status: 400, title: 'The request is not valid: see the errors.' },
  malformed: { status: 400, title: 'This is no valid HTTP request.' },
  unauthenticated: { status: 401, title: 'Log in first.' },
  wrong_password: { status: 401, title: 'The user name or the password is wrong.' },
  foreign_origin: { status: 403, title: 'Another web site sent this request: open the dashboard itself.' },
  this_machine_only: { status: 403, title: 'The status page is for this machine only.' },
  not_found: { status: 404, title: 'There is nothing here.' },
  method_not_allowed: { status: 405, title: 'This cannot be done here: the Allow header names what can.' },
  too_slow: { status: 408, title: 'The request took too long to come.' },
  duplicate: { status: 409, title: 'Another mapping has this domain and port.' },
  domain_reserved: { status: 409, title: "This is the gateway's own name: choose another one." },
  full: { status: 409, title: 'There are as many mappings as there may be: remove one first.' },
  stale: { status: 412, title: 'Somebody changed this mapping meanwhile: load it again.' },
  too_large: { status: 413, title: 'The request is too large.' },
  not_json: { status: 415, title: 'Send JSON, with Content-Type: application/json.' },
  unknown_name: {
    status: 421,
    title: 'This host name is not allowed here: add it to OCTOPORTY_UI_ALLOWED_HOSTS.',
  },
  head_too_large: { status: 431, title: 'The headers of the request are too large.' },
  locked_out: { status: 429, title: 'Too many failed logins from this address: wait a moment.' },
  too_many: { status: 429, title: 'Too many at once: wait a moment.' },
  internal: { status: 500, title: "Something went wrong here: the agent's log says what." },
  unavailable: {
    status: 503,
    title: 'The database cannot be used right now. Try again in a moment.',
  },
  unconfirmed: {
    status: 503,
    title: 'The database has not answered in time: the change may still be made. Look again in a moment.',
  },
} as const satisfies Record<string, ProblemEntry>;

export type ProblemCode = keyof typeof PROBLEMS;

export function describeProblem(code: ProblemCode): ProblemEntry {
  return PROBLEMS[code];
}

export function problemCodes(): ProblemCode[] {
  return Object.keys(PROBLEMS).filter((key): key is ProblemCode => key in PROBLEMS);
}

const fieldErrorSchema = z.object({
  /** The field's name, with dots into the depth; empty when it is about the whole. */
  field: z.string(),
  message: z.string(),
});
export type FieldError = z.output<typeof fieldErrorSchema>;

/** Sent as `application/problem+json`. `title` is the table's sentence; `errors` are there when fields are to blame. */
export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    status: z.int(),
    title: z.string(),
    code: z.enum(problemCodes()),
    detail: z.string().optional(),
    errors: z.array(fieldErrorSchema).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.output<typeof problemSchema>;
