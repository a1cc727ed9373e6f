// One visitor's TCP connection: whose turn it is, and an end that does not tear the last answer away.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../machines/clock.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Peer } from './forwarded.ts';

/**
 * How long what a visitor still sends is read and dropped after the last answer: closing with unread bytes would reset
 * the connection and may destroy the answer on its way. Raised: refused uploads take bandwidth for longer.
 */
export const LINGER_MS = 2_000;

/**
 * Once we drain, a connection that is new gets this long to send its first request, which is on its way: nobody tries a
 * request again that met an open port and no answer. Raised: idle connections hold up the end of the process.
 */
export const FIRST_REQUEST_MS = 250;

/** Requests that may wait their turn on one connection. Raised: one visitor makes us hold more heads; beyond it the connection is cut. */
export const MAX_PIPELINED = 256;

/** One request and its answer. */
export interface Exchange {
  /** Its `close` event ends the exchange. */
  readonly res: ServerResponse;
  /** The request's last byte has been parsed. */
  isWhole(): boolean;
  begin(): void;
  /** What the visitor sent turns out malformed: answers so if nothing was answered yet, else breaks off. */
  refuse(code: ErrorCode): void;
}

export class VisitorSocket {
  readonly socket: Socket;
  readonly peer: Peer;
  private readonly clock: Clock;
  private readonly waiting: Exchange[] = [];
  private current: Exchange | null = null;
  private epilogue: (() => void) | null = null;
  private taken = 0;
  private isEnding = false;
  private isDraining = false;
  private isHandedOver = false;

  constructor(socket: Socket, peer: Peer, clock: Clock) {
    this.socket = socket;
    this.peer = peer;
    this.clock = clock;
    // Node calls this after an answer with `Connection: close`.
    socket.destroySoon = () => {
      this.closeGently();
    };
    socket.on('end', this.onLeft);
    // Without a listener a reset would end the process; `close` follows and tells whom it concerns.
    socket.on('error', ignoreError);
  }

  /** No request is under way or waiting. */
  get isIdle(): boolean {
    return this.current === null;
  }

  /** Nobody ever said anything: there is nothing to answer. */
  get isMute(): boolean {
    return this.socket.bytesRead === 0;
  }

  /** Its first request has not come yet. */
  get isNew(): boolean {
    return this.taken === 0 && !this.isHandedOver && !this.isOver;
  }

  /** Nothing more is served. */
  get isOver(): boolean {
    return this.isEnding || this.epilogue !== null || this.socket.destroyed;
  }

  /** Runs the exchange in its turn: answers leave in the order of requests (RFC 9112 §9.3.2), and so do their effects. */
  take(exchange: Exchange): void {
    this.taken += 1;
    if (this.current === null) this.begin(exchange);
    else if (this.waiting.push(exchange) > MAX_PIPELINED) this.socket.destroy();
  }

  /** The parser gave up. Earlier requests are answered; the malformed one is refused, by `orElse` when it has no exchange yet. */
  refuse(code: ErrorCode, orElse: () => Buffer): void {
    if (this.isOver) return;
    const last = this.waiting.at(-1) ?? this.current;
    if (last === null || last.isWhole()) this.endWith(orElse);
    else if (last === this.current) last.refuse(code);
    else {
      this.waiting.pop();
      this.waiting.push(refusal(last, code));
    }
  }

  /** Ends when no request is left; a connection that is new may still send one. */
  drain(): void {
    this.isDraining = true;
    if (this.current !== null || this.isHandedOver) return;
    if (!this.isNew) {
      this.closeGently();
      return;
    }
    const cancel = this.clock.setTimer(FIRST_REQUEST_MS, () => {
      if (this.isNew) this.closeGently();
    });
    this.socket.once('close', cancel);
  }

  /** An upgrade has the connection: its ends are the upgrade's to decide. */
  handOver(): void {
    this.isHandedOver = true;
  }

  /** The connection speaks another protocol from now on, and half-closes by that protocol's rules. */
  release(): void {
    this.socket.off('end', this.onLeft);
  }

  /** Sends what is written, then FIN, and reads on for a while. */
  closeGently(): void {
    if (this.isEnding || this.socket.destroyed) return;
    this.isEnding = true;
    this.socket.end();
    this.socket.resume();
    this.socket.once('end', this.onLeft);
    const cancel = this.clock.setTimer(LINGER_MS, this.onLeft);
    this.socket.once('close', cancel);
  }

  private endWith(lastWords: () => Buffer): void {
    this.epilogue = () => {
      this.socket.write(lastWords());
      this.closeGently();
    };
    if (this.current === null) this.epilogue();
  }

  private begin(exchange: Exchange): void {
    this.current = exchange;
    exchange.res.once('close', () => {
      this.next();
    });
    exchange.begin();
  }

  private next(): void {
    this.current = null;
    if (this.isEnding || this.socket.destroyed) return;
    const exchange = this.waiting.shift();
    if (exchange !== undefined) this.begin(exchange);
    else if (this.epilogue !== null) this.epilogue();
    else if (this.isDraining) this.closeGently();
  }

  /** A visitor's FIN means leaving. */
  private readonly onLeft = (): void => {
    this.socket.destroy();
  };
}

/** The malformed request in its turn: never served, only refused. */
function refusal(exchange: Exchange, code: ErrorCode): Exchange {
  return {
    res: exchange.res,
    isWhole: () => true,
    begin: () => exchange.refuse(code),
    refuse() {},
  };
}

function ignoreError(): void {}
