// Asks a service of this machine one question over HTTP, for the doctor and the health check.

import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { jsonIn } from '../jsonIn.ts';

/** A service of this machine that takes longer is not well. */
const ASK_TIMEOUT_MS = 5000;

/** What is read of an answer unless told otherwise. Raised: a stranger on the port makes us hold more. */
const MAX_ANSWER_BYTES = 64 * 1024;

export interface Asked {
  readonly status: number;
  /** Parsed; undefined when it is not JSON, or longer than we read. */
  readonly json: unknown;
}

export type AskOptions = Pick<RequestOptions, 'host' | 'port' | 'path' | 'socketPath' | 'headers'> & {
  readonly isEncrypted?: boolean;
  /** How much of the answer is read. */
  readonly maxAnswerBytes?: number;
  readonly timeoutMs?: number;
};

/** One GET on a connection of its own. Rejects with an error whose message is a code or a short reason. */
export function ask({
  isEncrypted = false,
  maxAnswerBytes = MAX_ANSWER_BYTES,
  timeoutMs = ASK_TIMEOUT_MS,
  ...options
}: AskOptions): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = (isEncrypted ? requestHttps : requestHttp)({ ...options, agent: false, signal });
    const refuse = (error: Error) => reject(new Error(reasonOf(error, timeoutMs), { cause: error }));
    request.on('error', refuse);
    request.on('response', (response) => {
      readSome(response, maxAnswerBytes).then((text) => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, json: jsonIn(text) });
      }, refuse);
    });
    request.end();
  });
}

async function readSome(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const piece: unknown = chunk;
    if (!(piece instanceof Buffer)) continue;
    chunks.push(piece);
    bytes += piece.length;
    if (bytes > maxBytes) return '';
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: Error, timeoutMs: number): string {
  if (error.name === 'AbortError') return `no answer within ${timeoutMs / 1000} s`;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
