// The visitor of an ordinary request: Node's request and response behind the Visitor port.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { FlatHeaders, ResponseHead } from '../../protocol/head.ts';
import type { Exchange } from './visitorSocket.ts';
import type { Visitor, VisitorHandler, VisitorRequest } from './visitor.ts';
import { passingTrailers } from '../../protocol/headers.ts';
import { Answer } from './answer.ts';

export interface HttpVisitorOptions {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: VisitorRequest;
  /** The connection ends with this answer, whatever comes. */
  mustClose(): boolean;
  serve(visitor: Visitor): VisitorHandler;
}

/** Hears nothing: before the relay is there, and after its last call. */
export const SILENT: VisitorHandler = { onData() {}, onEnd() {}, onDrain() {}, onClosed() {} };

export class HttpVisitor implements Visitor, Exchange {
  readonly request: VisitorRequest;
  readonly res: ServerResponse;
  private readonly options: HttpVisitorOptions;
  private readonly req: IncomingMessage;
  private readonly answer: Answer;
  private handler: VisitorHandler = SILENT;
  private isOver = false;

  constructor(options: HttpVisitorOptions) {
    const { req, res, request } = options;
    this.options = options;
    this.req = req;
    this.res = res;
    this.request = request;
    this.answer = new Answer({
      req,
      res,
      requestId: request.requestId,
      mustClose: () => !this.isWhole() || options.mustClose(),
    });
  }

  isWhole(): boolean {
    return !this.request.hasBody || this.req.complete;
  }

  begin(): void {
    const { req, res } = this;
    res.once('close', () => {
      this.close();
    });
    res.on('drain', () => {
      this.handler.onDrain();
    });
    if (this.request.hasBody) {
      req.pause();
      req.on('data', (chunk: Buffer) => {
        this.handler.onData(chunk);
      });
      req.on('end', () => {
        this.handler.onEnd(passingTrailers(req.rawTrailers));
      });
    }
    this.handler = this.options.serve(this);
  }

  refuse(code: ErrorCode): void {
    this.handler.onClosed();
    this.handler = SILENT;
    if (this.answer.hasBegun) this.answer.destroy();
    else this.answer.fail(code);
  }

  pause(): void {
    if (!this.isOver) this.req.pause();
  }

  resume(): void {
    if (!this.isOver && this.request.hasBody) this.req.resume();
  }

  inform(head: ResponseHead): void {
    this.answer.inform(head);
  }

  invite(): void {
    this.answer.invite();
  }

  writeHead(head: ResponseHead, hasBody: boolean): boolean {
    return this.answer.writeHead(head, hasBody);
  }

  write(chunk: Buffer): boolean {
    return this.answer.write(chunk);
  }

  end(trailers: FlatHeaders): void {
    this.answer.end(trailers);
  }

  fail(code: ErrorCode): void {
    this.answer.fail(code);
  }

  destroy(): void {
    if (!this.isOver) this.answer.destroy();
  }

  /** The answer is out, or the visitor has gone. The rest of an upload is read and dropped. */
  private close(): void {
    this.isOver = true;
    if (this.request.hasBody) this.req.resume();
    const { handler } = this;
    this.handler = SILENT;
    handler.onClosed();
  }
}
