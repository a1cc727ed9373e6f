// Caddy's admin API as the gateway uses it: one value read with its ETag, one value written over what was read.

import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { z } from 'zod';
import { jsonIn } from '../jsonIn.ts';

/** A Caddy that takes longer to tell its configuration hangs. Raised: visitors wait longer for a route after it recovers. */
export const READ_DEADLINE_MS = 5_000;

/** Caddy answers once the new configuration runs. Raised: one that hangs is found out later; lowered: thousands of names on a slow machine never pass. */
export const WRITE_DEADLINE_MS = 30_000;

/** A configuration of 100,000 names is a tenth of it. Raised: a stranger at the address fills more of our memory. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** What is kept of Caddy's reason. Raised: one error fills the log and the status. */
const MAX_REASON_CHARS = 400;

/**
 * `unreachable`: nobody answered, or not in time; what was written may be in force or not.
 * `refused`: somebody answered who does not let us in, or who is not Caddy.
 * `stale`: the configuration is not what was read any more; nothing was written.
 * `rejected`: Caddy does not take the value; it goes on with what it had.
 */
export type CaddyErrorCode = 'unreachable' | 'refused' | 'stale' | 'rejected';

/** Its message is a sentence for a person. */
export class CaddyError extends Error {
  readonly code: CaddyErrorCode;

  constructor(code: CaddyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CaddyError';
    this.code = code;
  }
}

/** A value of the configuration. `etag` holds the path with it: it guards a write anywhere below that path. */
export interface CaddyReading {
  readonly value: unknown;
  readonly etag: string;
}

/** PATCH replaces what is there, PUT makes what is not there, parents included. Anything else fails. */
export type CaddyMethod = 'PATCH' | 'PUT';

export interface CaddyAdmin {
  /** Rejects with CaddyError. */
  read(path: string): Promise<CaddyReading>;
  /** Resolves when the new configuration runs. Rejects with CaddyError. */
  write(method: CaddyMethod, path: string, value: unknown, etag: string): Promise<void>;
  /** Ends what is under way, as unreachable. */
  close(): void;
}

export interface CaddyDeadlines {
  readonly readMs: number;
  readonly writeMs: number;
}

/** `adminUrl`: `http://localhost:2019`, `https://…` or `unix:/path`. */
export function createCaddyClient(
  adminUrl: string,
  { readMs, writeMs }: CaddyDeadlines = { readMs: READ_DEADLINE_MS, writeMs: WRITE_DEADLINE_MS },
): CaddyAdmin {
  const address = adminAddress(adminUrl);
  const closing = new AbortController();

  async function exchange(asked: Asked, deadlineMs: number): Promise<Answer> {
    const deadline = AbortSignal.timeout(deadlineMs);
    const signal = AbortSignal.any([deadline, closing.signal]);
    try {
      return await answerTo(address, asked, signal).catch((error: unknown) => {
        if (!isCut(error)) throw error;
        return answerTo(address, asked, signal);
      });
    } catch (error) {
      if (error instanceof CaddyError) throw error;
      const why = deadline.aborted ? `it did not answer within ${deadlineMs / 1000} s` : reasonOf(error);
      throw new CaddyError('unreachable', `Caddy cannot be reached: ${why}.`, { cause: error });
    }
  }

  return {
    async read(path) {
      const answer = await exchange({ method: 'GET', path, headers: {} }, readMs);
      if (answer.status !== 200) throw failureOf(answer);
      if (answer.etag === undefined)
        throw notCaddy('there is no ETag in its answer, as there is from Caddy 2.8 on');
      const value = jsonIn(answer.text);
      if (value === undefined) throw notCaddy('its answer is not JSON');
      return { value, etag: answer.etag };
    },

    async write(method, path, value, etag) {
      const headers = { 'Content-Type': 'application/json', 'If-Match': etag };
      const answer = await exchange({ method, path, headers, body: JSON.stringify(value) }, writeMs);
      if (answer.status !== 200) throw failureOf(answer);
    },

    close: () => closing.abort(),
  };
}

/** Where and under which name Caddy's admin API is asked; before 2.9 it takes no other name over a unix socket. */
export function adminAddress(adminUrl: string): AdminAddress {
  if (adminUrl.startsWith('unix:')) {
    const socketPath = adminUrl.slice('unix:'.length).replace(/^\/+/, '/');
    return { isEncrypted: false, where: { socketPath }, headers: { Host: '127.0.0.1' } };
  }
  const url = new URL(adminUrl);
  const isEncrypted = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port) || (isEncrypted ? 443 : 80);
  return { isEncrypted, where: { host, port }, headers: {} };
}

interface AdminAddress {
  readonly isEncrypted: boolean;
  readonly where: Pick<RequestOptions, 'host' | 'port' | 'socketPath'>;
  readonly headers: Readonly<Record<string, string>>;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly text: string;
}

/** On a connection of its own: each write ends the admin listener, and with it the connections it kept. */
function answerTo(address: AdminAddress, asked: Asked, signal: AbortSignal): Promise<Answer> {
  const { method, path, body } = asked;
  const headers = { ...address.headers, ...asked.headers };
  const send = address.isEncrypted ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send({ ...address.where, method, path, headers, agent: false, signal });
    request.on('error', reject);
    request.on('response', (response) => {
      textOf(response).then((text) => {
        resolve({ status: response.statusCode ?? 0, etag: response.headers.etag, text });
      }, reject);
    });
    request.end(body);
  });
}

/**
 * From 2.10 on Caddy cuts the connections to its admin API whenever somebody writes: what was cut is asked once more. A
 * write that had come through after all is stale then.
 */
function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const piece: unknown = chunk;
    if (!(piece instanceof Buffer)) continue;
    chunks.push(piece);
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw notCaddy('its answer does not end');
  }
  return Buffer.concat(chunks).toString('utf8');
}

function failureOf({ status, text }: Answer): CaddyError {
  if (status === 412) return new CaddyError('stale', 'Somebody else has changed the configuration of Caddy.');
  const reason = reasonIn(text);
  if (status === 401 || status === 403)
    return new CaddyError('refused', `Caddy does not let the gateway in (status ${status}): ${reason}`);
  return new CaddyError('rejected', `Caddy does not take it (status ${status}): ${reason}`);
}

function notCaddy(why: string): CaddyError {
  return new CaddyError('refused', `What answers is not the admin API of Caddy: ${why}.`);
}

const failureSchema = z.object({ error: z.string() });

/** Caddy's `{"error": "…"}` on one line, or what else was said. */
function reasonIn(text: string): string {
  const told = failureSchema.safeParse(jsonIn(text));
  const line = (told.success ? told.data.error : text).replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.slice(0, MAX_REASON_CHARS) || 'no reason was given';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return 'the gateway stops';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
