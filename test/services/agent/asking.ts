// Asking an origin in tests: a dispatcher and an origin that end with the test, and a handler that writes everything down.

import { onTestFinished } from 'vitest';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { FlatHeaders, ResponseHead } from '../../../protocol/head.ts';
import { createHttpOrigin, type HttpOrigin } from '../../../services/agent/httpOrigin.ts';
import type {
  OriginExchange,
  OriginHandler,
  OriginRequest,
  OriginTarget,
} from '../../../services/agent/originDispatcher.ts';
import { ORIGIN_KEY } from '../../support/certificates.ts';
import { Changes, openRawOrigin, type RawOrigin, type RawOriginOptions } from '../../support/rawOrigin.ts';

export interface Asking {
  readonly origin: RawOrigin;
  readonly origins: HttpOrigin;
  ask(request?: Partial<Omit<OriginRequest, 'target'>>, target?: Partial<OriginTarget>): Asked;
}

export interface AskingOptions extends RawOriginOptions {
  readonly allowedTargets?: readonly string[];
  readonly ownPorts?: readonly number[];
}

export async function startAsking(options: AskingOptions = {}): Promise<Asking> {
  const origin = await openRawOrigin(options);
  const origins = createHttpOrigin({
    allowedTargets: options.allowedTargets ?? [],
    ownPorts: () => options.ownPorts ?? [],
    log: { debug: () => {} },
  });
  onTestFinished(async () => {
    origins.close();
    // Nothing of ours outlives the dispatcher: without this, a test does not end.
    for (const peer of origin.peers) peer.resume();
    await Promise.all(origin.peers.map((peer) => peer.left()));
    await origin.close();
  });
  return {
    origin,
    origins,
    ask: (request = {}, target = {}) =>
      new Asked(origins, {
        target: {
          protocol: options.tls === undefined ? 'http' : 'https',
          host: '127.0.0.1',
          port: origin.port,
          allowInvalidCertificates: options.tls !== undefined,
          serverName: 'origin.test',
          ...target,
        },
        method: 'GET',
        path: '/',
        headers: ['Host', 'origin.test'],
        hasBody: false,
        isUpgrade: false,
        expectsContinue: false,
        isFreshConnection: false,
        ...request,
      }),
  };
}

export interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly isStale: boolean;
}

/** One request, and all that became of it. */
export class Asked {
  /** The names of the calls, in order. */
  readonly calls: string[] = [];
  readonly informs: ResponseHead[] = [];
  answer: ResponseHead | undefined;
  hasBody: boolean | undefined;
  body = '';
  trailers: FlatHeaders | undefined;
  failure: Failure | undefined;
  drains = 0;
  /** Calls that came from inside `dispatch` or a method. */
  readonly rushed: string[] = [];
  /** Runs inside each call of the handler. */
  onCall: (call: string) => void = () => {};
  private readonly exchange: OriginExchange;
  private readonly changes = new Changes();
  private isInside = true;

  constructor(origins: HttpOrigin, request: OriginRequest) {
    this.exchange = origins.dispatch(request, this.handler());
    this.isInside = false;
  }

  write(bytes: string | Buffer): boolean {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return this.inside(() => this.exchange.write(chunk));
  }

  end(trailers: FlatHeaders = []): void {
    this.inside(() => this.exchange.end(trailers));
  }

  pause(): void {
    this.inside(() => this.exchange.pause());
  }

  resume(): void {
    this.inside(() => this.exchange.resume());
  }

  abort(): void {
    this.inside(() => this.exchange.abort());
  }

  until(isSo: (asked: this) => boolean): Promise<void> {
    return this.changes.until(() => isSo(this));
  }

  /** Waits for the last call. */
  async over(): Promise<this> {
    await this.until(() => this.isOver);
    return this;
  }

  get isOver(): boolean {
    return this.trailers !== undefined || this.failure !== undefined;
  }

  private handler(): OriginHandler {
    return {
      onConnected: () => this.note('connected', () => {}),
      onContinue: () => this.note('continue', () => {}),
      onInform: (head) => this.note('inform', () => this.informs.push(head)),
      onHead: (head, hasBody) =>
        this.note('head', () => {
          this.answer = head;
          this.hasBody = hasBody;
        }),
      onData: (chunk) => this.note('data', () => (this.body += chunk.toString('latin1'))),
      onEnd: (trailers) => this.note('end', () => (this.trailers = trailers)),
      onDrain: () => this.note('drain', () => (this.drains += 1)),
      onFailed: (code, detail, isStale) =>
        this.note('failed', () => (this.failure = { code, detail, isStale })),
    };
  }

  private note(call: string, change: () => void): void {
    if (this.isInside) this.rushed.push(call);
    if (call !== this.calls.at(-1)) this.calls.push(call);
    change();
    this.onCall(call);
    this.changes.happened();
  }

  private inside<T>(act: () => T): T {
    this.isInside = true;
    try {
      return act();
    } finally {
      this.isInside = false;
    }
  }
}

/** An origin that speaks TLS with this certificate. */
export function overTls(cert: string): AskingOptions {
  return { tls: { key: ORIGIN_KEY, cert } };
}

/** A whole answer with a Content-Length. */
export function message(body = '', lines: readonly string[] = [], status = '200 Fine'): string {
  return [`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

export const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

export const LAST_CHUNK = '0\r\n\r\n';

export function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}
