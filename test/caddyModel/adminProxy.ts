// Between the gateway and Caddy's admin API: counts what is written, sees needless writes, and can be as bad as networks are.

import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { close, listen } from '../support/httpOrigin.ts';
import type { TestCaddy } from '../support/caddy.ts';
import { recordOf, textOf } from './configParts.ts';

/**
 * `slow`: each request waits. `failing`: status 500. `cut before`: the connection ends unheard. `cut after`: Caddy has done
 * it, and nobody is told. `hanging`: no answer until the fault is over; then it is cut.
 */
export type Fault = (typeof FAULTS)[number];
export const FAULTS = ['slow', 'failing', 'cut before', 'cut after', 'hanging'] as const;

/** A slow request waits this long. */
const SLOW_MS = 400;

export class AdminProxy {
  /** As OCTOPORTY_CADDY_ADMIN_URL takes it. */
  url = '';
  fault: Fault | null = null;
  /** Configurations that the gateway has been given. */
  looks = 0;
  /** Writes that Caddy has taken. */
  writes = 0;
  /** Writes that said what Caddy had already, each in words. */
  readonly needless: string[] = [];
  /** What the gateway saw first since `forget`. */
  firstSeen: unknown = undefined;
  private readonly socketPath: string;
  private readonly caddy: TestCaddy;
  private readonly open = new Set<ServerResponse>();
  private readonly server = createServer((asked, answer) => {
    this.open.add(answer);
    answer.on('close', () => this.open.delete(answer));
    this.pass(asked, answer).catch(() => cut(answer));
  });

  constructor(caddy: TestCaddy) {
    this.caddy = caddy;
    this.socketPath = caddy.adminUrl.slice('unix:'.length);
  }

  async start(): Promise<void> {
    this.url = `http://127.0.0.1:${await listen(this.server)}`;
  }

  async stop(): Promise<void> {
    await close(this.server);
  }

  get isIdle(): boolean {
    return this.open.size === 0;
  }

  heal(): void {
    const wasHanging = this.fault === 'hanging';
    this.fault = null;
    if (wasHanging) for (const answer of this.open) cut(answer);
  }

  /** Another gateway is to look first. */
  forget(): void {
    this.firstSeen = undefined;
  }

  private async pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(asked);
    const { fault } = this;
    if (fault === 'slow') await delay(SLOW_MS);
    if (fault === 'hanging' || answer.destroyed) return;
    if (fault === 'cut before') {
      cut(answer);
      return;
    }
    if (fault === 'failing') {
      answer.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"as the test wants it"}');
      return;
    }
    const before = asked.method === 'GET' ? null : await this.serversBefore(asked.headers['if-match']);
    const told = await this.forward(asked, body);
    if (asked.method !== 'GET' && told.status === 200) {
      this.writes += 1;
      if (before !== null && before === textOf(JSON.parse(body.toString()))) this.needless.push(before);
    }
    if (fault === 'cut after') {
      cut(answer);
      return;
    }
    answer.writeHead(told.status, told.headers).end(told.body, () => {
      if (asked.method !== 'GET' || told.status !== 200) return;
      this.looks += 1;
      this.firstSeen ??= JSON.parse(told.body.toString());
    });
  }

  /** The servers that a write with this ETag is over; null: somebody has written since. */
  private async serversBefore(etag: string | undefined): Promise<string | null> {
    const has = await this.caddy.ask('GET', '/config/').catch(() => null);
    if (has === null || has.etag !== etag) return null;
    const http = recordOf(recordOf(recordOf(JSON.parse(has.body)).apps).http);
    return textOf(http.servers);
  }

  private forward(asked: IncomingMessage, body: Buffer): Promise<Told> {
    const { method, url, headers } = asked;
    return new Promise((resolve, reject) => {
      const passed = request({
        socketPath: this.socketPath,
        method,
        path: url,
        headers: { ...headers, host: '127.0.0.1' },
        agent: false,
      });
      passed.on('error', reject);
      passed.on('response', (response) => {
        buffer(response).then((whole) => {
          const { etag, 'content-type': type } = response.headers;
          const lines = {
            ...(etag === undefined ? {} : { etag }),
            ...(type === undefined ? {} : { 'content-type': type }),
          };
          resolve({ status: response.statusCode ?? 0, headers: lines, body: whole });
        }, reject);
      });
      passed.end(body);
    });
  }
}

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

function cut(answer: ServerResponse): void {
  answer.socket?.resetAndDestroy();
}
