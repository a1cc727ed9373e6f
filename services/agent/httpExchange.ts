// One request over Node's HTTP client, from its head to the end of its answer.

import type { ClientRequest, IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import { toTunnelError } from '../../protocol/errors.ts';
import { passingTrailers } from '../../protocol/headers.ts';
import type { FlatHeaders } from '../../protocol/head.ts';
import type { OriginExchange, OriginHandler, OriginRequest } from './originDispatcher.ts';
import { failureOf, type ConnectionStage, type OriginFailure } from './originErrors.ts';
import {
  isChunkedRequest,
  responseBodyOf,
  responseHeadOf,
  responseTrailersOf,
  type ResponseBody,
} from './originHead.ts';
import { adoptOriginSocket, type OriginSocket } from './originSocket.ts';
import { upgradeOrigin, type UpgradedOrigin } from './upgradedOrigin.ts';

/** Where an exchange tells of itself besides its handler. */
export interface ExchangeObserver {
  /** It runs on this connection, perhaps not as the first. */
  onSocket(socket: Socket): void;
  onFailed(failure: OriginFailure): void;
}

/** All of Node's events come from its event loop or its tick queue, so the handler is never called from inside a method. */
export class HttpExchange implements OriginExchange {
  private readonly request: OriginRequest;
  private readonly handler: OriginHandler;
  private readonly client: ClientRequest;
  private readonly observer: ExchangeObserver;
  private isOver = false;
  private isPaused = false;
  private isEnded = false;
  private stage: ConnectionStage = 'connecting';
  private connection: OriginSocket | undefined;
  /** What the connection had brought before this request took it. */
  private earlierBytes = 0;
  private response: IncomingMessage | undefined;
  private body: ResponseBody | undefined;
  private upgraded: UpgradedOrigin | undefined;
  /** Sent by a visitor who did not wait for the 101. */
  private early: Buffer[] = [];

  /** `client` is new: nothing was written, and it has no listener yet. */
  constructor(
    request: OriginRequest,
    handler: OriginHandler,
    client: ClientRequest,
    observer: ExchangeObserver,
  ) {
    this.request = request;
    this.handler = handler;
    this.client = client;
    this.observer = observer;
    // The parser's own bound on the head is the one that counts: past 1,000 lines Node would drop the rest in silence.
    client.maxHeadersCount = 0;
    client
      .on('socket', (socket) => this.take(socket))
      .on('information', (information) => this.inform(information))
      .on('response', (response) => this.guard(() => this.answer(response)))
      .on('upgrade', (response, _socket, first) => this.guard(() => this.switchOver(response, first)))
      .on('drain', () => this.tell(() => this.handler.onDrain()))
      .on('error', (error) => this.break(error))
      .on('close', () => this.break(undefined));
    // A head goes out when the connection is there, together with what was written by then.
    if (request.hasBody && !request.isUpgrade) client.flushHeaders();
    else client.end();
  }

  write(chunk: Buffer): boolean {
    if (this.isOver) return true;
    if (this.upgraded !== undefined) return this.upgraded.write(chunk);
    if (this.request.isUpgrade) {
      this.early.push(chunk);
      return false;
    }
    return this.client.writableEnded || this.client.write(chunk);
  }

  end(trailers: FlatHeaders): void {
    if (this.isOver || this.isEnded) return;
    this.isEnded = true;
    if (this.request.isUpgrade) {
      this.upgraded?.end();
      return;
    }
    if (this.client.writableEnded) return;
    try {
      if (isChunkedRequest(this.request)) this.client.addTrailers(pairsOf(passingTrailers(trailers)));
      this.client.end();
    } catch (thrown) {
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      process.nextTick(() => this.fail({ code: 'bad_request', detail }));
    }
  }

  pause(): void {
    this.isPaused = true;
    if (this.isOver) return;
    this.upgraded?.pause();
    if (this.body?.hasBody === true) this.response?.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (this.isOver) return;
    this.upgraded?.resume();
    this.response?.resume();
  }

  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.drop();
  }

  private take(socket: Socket): void {
    this.observer.onSocket(socket);
    this.connection = adoptOriginSocket(socket);
    this.earlierBytes = socket.bytesRead;
    if (this.isOver) {
      this.drop();
      return;
    }
    if (this.client.reusedSocket) {
      this.connected();
      return;
    }
    const isSecure = this.request.target.protocol === 'https';
    socket.once('connect', () => {
      if (isSecure) this.stage = 'handshaking';
      else this.connected();
    });
    if (isSecure) socket.once('secureConnect', () => this.connected());
  }

  private connected(): void {
    this.stage = 'connected';
    this.tell(() => this.handler.onConnected());
  }

  /** The answer to an expectation is told; a 100 that nobody asked for is nothing. */
  private inform(information: InformationEvent): void {
    this.guard(() => {
      if (information.statusCode !== 100) this.handler.onInform(responseHeadOf(information));
      else if (this.request.expectsContinue) this.handler.onContinue();
    });
  }

  private answer(response: IncomingMessage): void {
    const head = responseHeadOf(response);
    const body = responseBodyOf(response, this.request.method);
    // A 1xx gets here only as a 101 that does not name what it switches to.
    if (head.status < 200) {
      this.fail({ code: 'origin_invalid', detail: `status ${head.status} as a final answer` });
      return;
    }
    this.response = response;
    this.body = body;
    response.on('error', (error) => this.break(error));
    response.on('data', (chunk: Buffer) => this.tell(() => this.handler.onData(chunk)));
    response.on('end', () => this.guard(() => this.complete(response, body)));
    if (this.isPaused && body.hasBody) response.pause();
    this.handler.onHead(head, body.hasBody);
    // Waiting for the bytes that a 204 announces would be waiting for ever.
    if (body.isFramingVoid) this.guard(() => this.complete(response, body));
  }

  private complete(response: IncomingMessage, body: ResponseBody): void {
    const { connection, client } = this;
    const isReset = connection?.isReset() === true;
    if (body.isCloseDelimited && isReset) {
      this.fail({ code: 'origin_reset', detail: 'the connection was reset in mid answer' });
      return;
    }
    const trailers = responseTrailersOf(response);
    this.isOver = true;
    // What is left of the upload, or of the answer, must not meet the next request.
    if (isReset || body.isFramingVoid || !client.writableFinished) connection?.socket.destroy();
    this.handler.onEnd(trailers);
  }

  private switchOver(response: IncomingMessage, first: Buffer): void {
    const { connection } = this;
    if (!this.request.isUpgrade || connection === undefined) {
      this.fail({ code: 'origin_invalid', detail: 'a 101 that nobody asked for' });
      return;
    }
    const head = responseHeadOf(response);
    this.upgraded = upgradeOrigin(connection, first, this.isPaused, {
      onData: (chunk) => this.tell(() => this.handler.onData(chunk)),
      onDrain: () => this.tell(() => this.handler.onDrain()),
      onEnd: () => this.tell(() => this.handler.onEnd([])),
      onBroken: (detail) => {
        if (!connection.socket.readableEnded || !connection.socket.writableFinished || connection.isReset())
          this.fail({ code: 'origin_reset', detail });
      },
    });
    this.handler.onHead(head, true);
    this.sendEarly(this.upgraded);
  }

  private sendEarly(upgraded: UpgradedOrigin): void {
    const { early } = this;
    this.early = [];
    if (this.isOver) return;
    const isTaken = early.map((chunk) => upgraded.write(chunk)).every(Boolean);
    if (this.isEnded) upgraded.end();
    if (early.length > 0 && isTaken) this.handler.onDrain();
  }

  /** The connection broke, or closed. An answer that has come whole is whole, even while some of it waits to be read. */
  private break(error: Error | undefined): void {
    if (this.upgraded !== undefined || this.response?.complete === true) return;
    this.fail(
      error === undefined
        ? { code: 'origin_reset', detail: 'the connection was closed' }
        : failureOf(error, this.stage),
    );
  }

  private fail({ code, detail }: OriginFailure): void {
    if (this.isOver) return;
    this.isOver = true;
    const isStale =
      this.client.reusedSocket &&
      code === 'origin_reset' &&
      this.connection?.socket.bytesRead === this.earlierBytes;
    this.drop();
    this.observer.onFailed({ code, detail });
    this.handler.onFailed(code, detail, isStale);
  }

  /** Before it has a connection, Node's client would leave the one under way to the pool: `take` drops it then. */
  private drop(): void {
    this.early = [];
    if (this.connection === undefined) return;
    this.client.destroy();
    this.connection.socket.destroy();
  }

  /** Calls the handler unless it has had its last call. */
  private tell(call: () => void): void {
    if (!this.isOver) call();
  }

  /** The same, for what the origin said and may be refused. */
  private guard(act: () => void): void {
    if (this.isOver) return;
    try {
      act();
    } catch (thrown) {
      const { code, message } = toTunnelError(thrown);
      this.fail({ code, detail: message });
    }
  }
}

function pairsOf(headers: FlatHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let n = 0; n < headers.length; n += 2) pairs.push([headers[n] ?? '', headers[n + 1] ?? '']);
  return pairs;
}
