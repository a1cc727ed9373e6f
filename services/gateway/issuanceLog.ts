// Reads in a line of Caddy's log what became of a name's certificate: obtained, or why not.

import { z } from 'zod';
import { jsonIn } from '../jsonIn.ts';

/**
 * RFC 8555 §6.7, as far as it is told apart here. `other`: anything else, a certificate authority that cannot be reached
 * among it.
 */
export type ProblemKind =
  | 'dns'
  | 'connection'
  | 'unauthorized'
  | 'rateLimited'
  | 'caa'
  | 'rejectedIdentifier'
  | 'other';

export interface IssuanceProblem {
  readonly kind: ProblemKind;
  /** The certificate authority's words on one line, bounded; they may be anything. */
  readonly detail: string;
}

export interface Issuance {
  readonly domain: string;
  /** Null: the certificate is there. */
  readonly problem: IssuanceProblem | null;
}

/** What is kept of the words. Raised: a sentence of others leaves no room for ours. */
const MAX_DETAIL_CHARS = 180;

const lineSchema = z.object({
  logger: z.string(),
  msg: z.string(),
  identifier: z.string(),
  error: z.string().optional(),
  problem: z.object({ type: z.string(), detail: z.string() }).optional(),
});

/** Null for a line about anything else, and for what is no line of Caddy's. */
export function parseIssuance(line: string): Issuance | null {
  // Most lines of a busy Caddy are about requests: they are not even parsed.
  if (!line.includes('"identifier"')) return null;
  const parsed = lineSchema.safeParse(jsonIn(line));
  if (!parsed.success || !ABOUT_ISSUANCE.test(parsed.data.logger)) return null;
  const { msg, identifier: domain, error, problem } = parsed.data;
  if (msg === 'certificate obtained successfully' || msg === 'certificate renewed successfully')
    return { domain, problem: null };
  if (problem !== undefined) return { domain, problem: problemOf(problem.type, problem.detail) };
  if (error === undefined || !FAILURES.has(msg)) return null;
  const [, type = '', detail = error] = ACME_ERROR.exec(error) ?? [];
  return { domain, problem: problemOf(type, detail) };
}

/** `tls.obtain`, `tls.renew`, `tls.issuance.acme.acme_client`, `http.acme_client`. */
const ABOUT_ISSUANCE = /^tls\.(obtain|renew|issuance)\b|acme_client$/;

const FAILURES = new Set(['could not get certificate from issuer']);

const ACME_ERROR = /(urn:ietf:params:acme:error:\w+) - (.*)$/s;

const KINDS: readonly ProblemKind[] = [
  'dns',
  'connection',
  'unauthorized',
  'rateLimited',
  'caa',
  'rejectedIdentifier',
];

function problemOf(type: string, words: string): IssuanceProblem {
  const detail = words
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, MAX_DETAIL_CHARS);
  const word = type.split(':').at(-1);
  const kind = KINDS.find((each) => each === word) ?? 'other';
  // By TLS-ALPN some say so of a port that nobody answers at.
  const isNobody = kind === 'unauthorized' && /^Failed to connect\b/i.test(detail);
  return { kind: isNobody ? 'connection' : kind, detail };
}
