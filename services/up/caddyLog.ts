// What Caddy logs, in our log: what it warns of is a warning, the rest is for those who look closely.

import { z } from 'zod';
import type { Log } from '../log.ts';

const lineSchema = z.looseObject({ level: z.string(), msg: z.string() });

/** Warnings about what is meant to be so: only its owner reaches the socket, a local CA answers no OCSP, and every end comes. */
const MEANT_TO_BE = new Set([
  'admin endpoint on open interface; host checking disabled',
  'stapling OCSP',
  'exiting; byeee!! 👋',
]);

/** Takes one line of Caddy's standard error. */
export function logCaddyLine(log: Log, line: string): void {
  const parsed = lineSchema.safeParse(jsonOf(line));
  if (!parsed.success) {
    log.debug({ line }, 'Caddy says something.');
    return;
  }
  const { level, msg, ts: _, ...fields } = parsed.data;
  const message = `Caddy: ${msg}`;
  if (level === 'warn' && !MEANT_TO_BE.has(msg)) log.warn({ caddy: fields }, message);
  else if (['error', 'panic', 'fatal'].includes(level)) log.error({ caddy: fields }, message);
  else log.debug({ caddy: fields }, message);
}

/** What a person needs of the last line before the end. */
export function reasonIn(line: string): string {
  const parsed = lineSchema.safeParse(jsonOf(line));
  return parsed.success ? parsed.data.msg : line;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    // Before its log is set up, Caddy writes plain text.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
