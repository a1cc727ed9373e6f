// The agent's API in tests: the application on an ephemeral port with the routers of the test, asked over real HTTP.

import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from 'node:http';
import { onTestFinished } from 'vitest';
import { createAgentApp, type AgentAppOptions } from '../../../../services/agent/api/app.ts';
import { expectToConform } from './conforms.ts';

/** Nobody has to log in unless the test says so. */
export type ApiStageOptions = Partial<Omit<AgentAppOptions, 'log'>>;

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is; anything else as JSON, with its Content-Type. */
  readonly body?: unknown;
  /** The asker's own address: any of 127.0.0.0/8. */
  readonly from?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body when it is JSON, problems included; undefined otherwise. */
  readonly json: unknown;
}

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface ApiStage {
  readonly port: number;
  /** What the application logged. */
  readonly logged: readonly LoggedLine[];
  /** Rejects when the answer is not as the API's document tells it. */
  ask(method: string, path: string, ask?: Ask): Promise<ApiAnswer>;
}

/** Longer than any answer takes: a test fails with words, not by its own timeout. */
const ANSWER_MS = 10_000;

/** Opens the application; it is closed after the test. */
export async function openApi(options: ApiStageOptions = {}): Promise<ApiStage> {
  const { log, logged } = noteLog();
  const app = createAgentApp({
    allowedHosts: [],
    authenticate: () => {},
    open: [],
    guarded: [],
    ...options,
    log,
  });
  const answer = app.callback();
  const server = createServer((request, response) => void answer(request, response));
  const port = await listen(server);
  onTestFinished(() => close(server));
  return {
    port,
    logged,
    ask: async (method, path, ask = {}) => {
      const answer = await askOnce(port, method, path, ask);
      expectToConform(`${method} ${path}`, answer);
      return answer;
    },
  };
}

/** A log that keeps what is written to it. */
export function noteLog() {
  const logged: LoggedLine[] = [];
  const note = (level: LoggedLine['level']) => (fields: object, message: string) => {
    logged.push({ level, fields, message });
  };
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  return { log, logged };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** One request on a connection of its own. */
async function askOnce(
  port: number,
  method: string,
  path: string,
  { headers = {}, body, from = '127.0.0.1' }: Ask,
): Promise<ApiAnswer> {
  const isJson = body !== undefined && typeof body !== 'string';
  const asked = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    localAddress: from,
    headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
    agent: false,
    timeout: ANSWER_MS,
  });
  asked.on('timeout', () => asked.destroy(new Error(`no answer to ${method} ${path} in ${ANSWER_MS} ms`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
  });
  asked.end(isJson ? JSON.stringify(body) : body);
  const response = await answered;
  const text = await textOf(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: jsonOf(response.headers, text),
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const part of response) text += String(part);
  return text;
}

function jsonOf(headers: IncomingHttpHeaders, text: string): unknown {
  // The answer to a HEAD names the type of a body that it does not hold.
  return text !== '' && /[/+]json\b/.test(headers['content-type'] ?? '') ? JSON.parse(text) : undefined;
}
