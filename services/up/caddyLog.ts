// What Caddy logs, in our log: what it warns of is a warning, the rest is for those who look closely.

import { z } from 'zod';
import { jsonIn } from '../jsonIn.ts';
import type { Log } from '../log.ts';

const lineSchema = z.looseObject({ level: z.string(), msg: z.string() });

/** Warnings about what is meant to be so: only its owner reaches the socket, a local CA answers no OCSP, and every end comes. */
const MEANT_TO_BE = new Set([
  'admin endpoint on open interface; host checking disabled',
  'stapling OCSP',
  'exiting; byeee!! 👋',
]);

/** What befell one request is in the log of requests; here it would show each address that was asked for. */
const ABOUT_REQUESTS = /^http\.(handlers|log)\b/;

/** Takes one line of Caddy's standard error: plain text, until its log is set up. */
export function logCaddyLine(log: Log, line: string): void {
  const parsed = lineSchema.safeParse(jsonIn(line));
  if (!parsed.success) {
    log.debug({ line }, 'Caddy says something.');
    return;
  }
  const { level, msg, ts: _, ...fields } = parsed.data;
  log[weightOf(level, msg, fields.logger)]({ caddy: fields }, `Caddy: ${msg}`);
}

function weightOf(level: string, msg: string, logger: unknown): 'debug' | 'warn' | 'error' {
  if (typeof logger === 'string' && ABOUT_REQUESTS.test(logger)) return 'debug';
  if (level === 'warn') return MEANT_TO_BE.has(msg) ? 'debug' : 'warn';
  return ['error', 'panic', 'fatal'].includes(level) ? 'error' : 'debug';
}

/** What a person needs of the last line before the end. */
export function reasonIn(line: string): string {
  const parsed = lineSchema.safeParse(jsonIn(line));
  return parsed.success ? parsed.data.msg : line;
}
