// Between the gateway and Caddy's admin API: counts what is written, sees writes that should not be, and can be as bad as networks are.

import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { WRITE_PAUSE_MS } from '../../machines/reconciler.ts';
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

/** What this process and the gateway may differ in what they call the end of a write. */
const SLACK_MS = 200;

export class AdminProxy {
  /** As OCTOPORTY_CADDY_ADMIN_URL takes it. */
  url = '';
  fault: Fault | null = null;
  /** Configurations that the gateway has been given. */
  looks = 0;
  /** Writes that Caddy has taken. */
  writes = 0;
  /** What no write may be, each in words: one that says what Caddy has already, and one too soon after another. */
  readonly wrong: string[] = [];
  /** What the gateway saw first since `forget`. */
  firstSeen: unknown = undefined;
  /** When the last write was answered; null: none, or something has failed since, and the gateway tries again soon. */
  private writtenMs: number | null = null;
  private readonly socketPath: string;
  private readonly caddy: TestCaddy;
  private readonly open = new Set<ServerResponse>();
  private readonly server = createServer((asked, answer) => {
    this.open.add(answer);
    answer.on('close', () => this.open.delete(answer));
    this.pass(asked, answer).catch(() => this.cut(answer));
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
    if (wasHanging) for (const answer of this.open) this.cut(answer);
  }

  /** Another gateway is to look first. */
  forget(): void {
    this.firstSeen = undefined;
    this.writtenMs = null;
  }

  private async pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await buffer(asked);
    const { fault } = this;
    if (fault === 'slow') await delay(SLOW_MS);
    if (fault === 'hanging' || answer.destroyed) return;
    if (fault === 'cut before') {
      this.cut(answer);
      return;
    }
    if (fault === 'failing') {
      this.writtenMs = null;
      answer.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"as the test wants it"}');
      return;
    }
    const isWrite = asked.method !== 'GET';
    const before = isWrite ? await this.serversBefore(asked.headers['if-match']) : null;
    if (isWrite) this.noteHaste();
    const told = await this.forward(asked, body);
    const isTaken = told.status === 200;
    if (isWrite && isTaken) {
      this.writes += 1;
      if (before !== null && before === textOf(JSON.parse(body.toString())))
        this.wrong.push(`a write said what Caddy had already: ${before}`);
    }
    if (fault === 'cut after') {
      this.cut(answer);
      return;
    }
    answer.writeHead(told.status, told.headers).end(told.body, () => {
      if (!isTaken) this.writtenMs = null;
      else if (isWrite) this.writtenMs = performance.now();
      else {
        this.looks += 1;
        this.firstSeen ??= JSON.parse(told.body.toString());
      }
    });
  }

  private noteHaste(): void {
    const sinceMs = performance.now() - (this.writtenMs ?? -Infinity);
    if (sinceMs < WRITE_PAUSE_MS - SLACK_MS)
      this.wrong.push(`a write came ${Math.round(sinceMs)} ms after another`);
  }

  private cut(answer: ServerResponse): void {
    this.writtenMs = null;
    answer.socket?.resetAndDestroy();
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
