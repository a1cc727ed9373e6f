// The port to one visitor's exchange: a request whose head is known, and what may be answered.

import type { FlatHeaders, ResponseHead } from '../../protocol/head.ts';
import type { ErrorCode } from '../../protocol/errors.ts';

/** A request that is well-formed and unambiguous. Its headers are ready for the tunnel: nothing of this hop is left. */
export interface VisitorRequest {
  readonly requestId: string;
  /** Lower case, without a port. */
  readonly host: string;
  /** The external port it came to; null: nobody in front has told it. */
  readonly port: number | null;
  readonly method: string;
  /** Origin-form, byte for byte as sent. */
  readonly target: string;
  readonly headers: FlatHeaders;
  readonly hasBody: boolean;
  readonly isUpgrade: boolean;
  readonly expectsContinue: boolean;
  /** The visitor's own address, believed from trusted proxies only. */
  readonly address: string;
}

/** The visitor's side of a relay. It starts paused, and calls of its handler never come from inside one of these. */
export interface Visitor {
  readonly request: VisitorRequest;
  /** Stops reading the body: at most what was under way still arrives. */
  pause(): void;
  resume(): void;
  /** A 1xx other than 100 and 101. */
  inform(head: ResponseHead): void;
  /** 100 Continue. */
  invite(): void;
  /**
   * The final head; after a 101 both directions are raw bytes. False: it cannot be said in HTTP, nothing was, and the
   * visitor still waits for an answer.
   */
  writeHead(head: ResponseHead, hasBody: boolean): boolean;
  /** False asks to wait for `onDrain`. */
  write(chunk: Buffer): boolean;
  /** Completes the answer; after a 101 it half-closes. */
  end(trailers: FlatHeaders): void;
  /** Answers with the error page of `code`, in the form the visitor prefers. Only while no head went out. */
  fail(code: ErrorCode): void;
  /** Breaks the connection off, so that nothing looks complete. */
  destroy(): void;
}

export interface VisitorHandler {
  onData(chunk: Buffer): void;
  /** The body is complete; after a 101: the visitor half-closed. */
  onEnd(trailers: FlatHeaders): void;
  /** Everything written has been taken. */
  onDrain(): void;
  /** The exchange is over: answered to the last byte, or the visitor has gone. The last call, always made. */
  onClosed(): void;
}
