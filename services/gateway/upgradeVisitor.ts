// The visitor who asks to switch protocols: an ordinary answer until a 101, raw bytes both ways behind it.

import type { IncomingMessage } from 'node:http';
import { ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { FlatHeaders, ResponseHead } from '../../protocol/head.ts';
import type { VisitorSocket } from './visitorSocket.ts';
import type { Visitor, VisitorHandler, VisitorRequest } from './visitor.ts';
import { endToEndHeaders, keepHeaders, valuesOf } from '../../protocol/headers.ts';
import { Answer } from './answer.ts';
import { SILENT } from './httpVisitor.ts';

export interface UpgradeVisitorOptions {
  readonly req: IncomingMessage;
  readonly visitorSocket: VisitorSocket;
  readonly request: VisitorRequest;
  /** Bytes that came behind the request head. */
  readonly first: Buffer;
  serve(visitor: Visitor): VisitorHandler;
}

const SWITCHING_PROTOCOLS = 101;
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

export class UpgradeVisitor implements Visitor {
  readonly request: VisitorRequest;
  private readonly socket: Socket;
  private readonly visitorSocket: VisitorSocket;
  private readonly res: ServerResponse;
  private readonly answer: Answer;
  private handler: VisitorHandler = SILENT;
  private isRaw = false;
  private isOver = false;

  constructor(options: UpgradeVisitorOptions) {
    const { req, visitorSocket, request, first } = options;
    this.request = request;
    this.visitorSocket = visitorSocket;
    this.socket = visitorSocket.socket;
    this.res = new ServerResponse(req);
    this.res.shouldKeepAlive = false;
    this.res.assignSocket(this.socket);
    this.answer = new Answer({ req, res: this.res, requestId: request.requestId, mustClose: () => true });
    this.listen();
    if (first.length > 0) this.socket.unshift(first);
    // Looks for a FIN without letting bytes flow: whoever leaves while waiting is noticed.
    this.socket.pause();
    this.socket.read(0);
    this.handler = options.serve(this);
  }

  pause(): void {
    if (!this.isOver) this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  inform(head: ResponseHead): void {
    this.answer.inform(head);
  }

  invite(): void {}

  writeHead(head: ResponseHead, hasBody: boolean): boolean {
    if (this.isRaw || this.answer.hasBegun) return true;
    if (head.status !== SWITCHING_PROTOCOLS) return this.answer.writeHead(head, hasBody);
    return this.switchProtocols(head);
  }

  write(chunk: Buffer): boolean {
    if (!this.isRaw) return this.answer.write(chunk);
    return !this.socket.writable || this.socket.write(chunk);
  }

  end(trailers: FlatHeaders): void {
    if (this.isRaw) this.socket.end();
    else this.answer.end(trailers);
  }

  fail(code: ErrorCode): void {
    if (!this.isRaw) this.answer.fail(code);
  }

  destroy(): void {
    if (this.isOver) return;
    if (this.isRaw) this.socket.resetAndDestroy();
    else this.answer.destroy();
  }

  private listen(): void {
    const { socket } = this;
    socket.pause();
    socket.on('data', (chunk: Buffer) => {
      this.handler.onData(chunk);
    });
    socket.on('end', () => {
      if (this.isRaw) this.handler.onEnd([]);
    });
    socket.on('drain', () => {
      this.handler.onDrain();
    });
    socket.once('close', () => {
      this.close();
    });
    this.res.once('finish', () => {
      this.res.detachSocket(socket);
      this.visitorSocket.closeGently();
      this.close();
    });
  }

  private switchProtocols({ reason, headers }: ResponseHead): boolean {
    const lines = keepHeaders(
      endToEndHeaders(headers, { keepUpgrade: true }),
      (name) => name !== 'content-length' && name !== 'trailer',
    );
    if (valuesOf(lines, 'upgrade').length === 0) {
      lines.unshift('Upgrade', valuesOf(this.request.headers, 'upgrade').join(', '));
    }
    if (!isValid(reason, lines)) return false;
    this.isRaw = true;
    this.res.detachSocket(this.socket);
    this.visitorSocket.release();
    let text = `HTTP/1.1 ${SWITCHING_PROTOCOLS} ${reason}\r\nConnection: Upgrade\r\n`;
    for (let n = 0; n < lines.length; n += 2) text += `${lines[n] ?? ''}: ${lines[n + 1] ?? ''}\r\n`;
    this.socket.write(`${text}\r\n`, 'latin1');
    return true;
  }

  private close(): void {
    this.isOver = true;
    const { handler } = this;
    this.handler = SILENT;
    handler.onClosed();
  }
}

function isValid(reason: string, lines: FlatHeaders): boolean {
  try {
    for (let n = 0; n < lines.length; n += 2) {
      validateHeaderName(lines[n] ?? '');
      validateHeaderValue(lines[n] ?? '', lines[n + 1] ?? '');
    }
  } catch {
    return false;
  }
  return REASON.test(reason);
}
