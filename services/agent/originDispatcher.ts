// The port to origins: one request sent, one answer streamed back.

import type { ErrorCode } from '../../protocol/errors.ts';
import type { FlatHeaders, ResponseHead } from '../../protocol/head.ts';

/** Where a mapping points. */
export interface OriginTarget {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly allowInvalidCertificates: boolean;
  /** The name for TLS (SNI and certificate): the host part of the Host header that is sent. */
  readonly serverName: string;
}

export interface OriginRequest {
  readonly target: OriginTarget;
  readonly method: string;
  /** The request target, byte for byte. */
  readonly path: string;
  /** Complete but for framing and Connection, which the dispatcher adds for its own hop. */
  readonly headers: FlatHeaders;
  readonly hasBody: boolean;
  readonly isUpgrade: boolean;
  readonly expectsContinue: boolean;
  /** Never on a connection that was used before: the request must not meet a stale keep-alive socket. */
  readonly isFreshConnection: boolean;
}

/** A request under way. Methods do nothing once it is over. */
export interface OriginExchange {
  /** False asks to wait for `onDrain`. Bytes before the connection is there are kept. */
  write(chunk: Buffer): boolean;
  /** Completes the request body; after an upgrade it half-closes. */
  end(trailers: FlatHeaders): void;
  pause(): void;
  resume(): void;
  /** Drops the request and its connection. No call to the handler follows. */
  abort(): void;
}

/** What becomes of it. No call comes from inside `dispatch` or a method of the exchange. */
export interface OriginHandler {
  /** The connection stands and the request head is on its way. */
  onConnected(): void;
  /** 100 Continue. */
  onContinue(): void;
  onInform(head: ResponseHead): void;
  /** The final head, without hop-by-hop lines. A 101 turns both directions into raw bytes. */
  onHead(head: ResponseHead, hasBody: boolean): void;
  onData(chunk: Buffer): void;
  /** The answer is complete (after an upgrade: the origin half-closed). The last call, except after an upgrade. */
  onEnd(trailers: FlatHeaders): void;
  onDrain(): void;
  /** It failed; `isStale`: on a reused connection before anything was answered, so the origin may never have seen it. The last call. */
  onFailed(code: ErrorCode, detail: string, isStale: boolean): void;
}

export interface OriginDispatcher {
  dispatch(request: OriginRequest, handler: OriginHandler): OriginExchange;
}
