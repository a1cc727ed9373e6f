// One answer on its way to a visitor: the head exactly as it came, the body in the framing that this visitor understands.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { FlatHeaders, ResponseHead } from '../../protocol/head.ts';
import {
  endToEndHeaders,
  keepHeaders,
  membersOf,
  passingTrailers,
  valuesOf,
} from '../../protocol/headers.ts';
import { errorPage } from './errorPages.ts';

export interface AnswerOptions {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** The connection can serve no further request: what it sends is unread, or we are stopping. Asked when the head goes out. */
  mustClose(): boolean;
}

/** How the visitor knows where the body ends. */
type Framing =
  | { readonly kind: 'none' | 'chunked' | 'close' }
  | { readonly kind: 'length'; readonly bytes: number };

export class Answer {
  private readonly options: AnswerOptions;
  private framing: Framing | null = null;
  private sentBytes = 0;
  private isEnded = false;

  constructor(options: AnswerOptions) {
    this.options = options;
    const { req, res } = options;
    res.sendDate = false;
    if (req.httpVersion !== '1.1') res.useChunkedEncodingByDefault = false;
  }

  get hasBegun(): boolean {
    return this.framing !== null;
  }

  inform({ status, headers }: ResponseHead): void {
    const { req, res } = this.options;
    // HTTP/1.0 knows no interim answers (RFC 9110 §15.2).
    if (this.hasBegun || res.destroyed || req.httpVersion !== '1.1') return;
    if (status <= 101 || status >= 200) return;
    try {
      res.writeInformation(status, endToEndHeaders(headers, { keepUpgrade: false }));
    } catch {
      // A hint that cannot be said is not said: the answer itself decides.
      return;
    }
  }

  invite(): void {
    if (!this.hasBegun && !this.options.res.destroyed) this.options.res.writeContinue();
  }

  /** False: the head cannot be said, and nothing was. */
  writeHead(head: ResponseHead, hasBody: boolean): boolean {
    if (this.hasBegun) return true;
    try {
      this.send(head);
    } catch {
      this.framing = null;
      return false;
    }
    // Latin-1 by name: `flushHeaders` would write the head as UTF-8 and spoil obs-text.
    if (hasBody) this.options.res.write('', 'latin1');
    return true;
  }

  write(chunk: Buffer): boolean {
    if (this.framing === null || this.isEnded) return true;
    this.sentBytes += chunk.length;
    if (this.framing.kind === 'none') return true;
    if (this.framing.kind === 'length' && this.sentBytes > this.framing.bytes) {
      this.destroy();
      return true;
    }
    return this.options.res.write(chunk);
  }

  end(trailers: FlatHeaders): void {
    if (this.framing === null || this.isEnded) return;
    this.isEnded = true;
    const { res } = this.options;
    try {
      if (this.framing.kind === 'length' && this.sentBytes < this.framing.bytes) this.destroy();
      else {
        if (this.framing.kind === 'chunked') res.addTrailers(pairs(passingTrailers(trailers)));
        res.end();
      }
    } catch {
      this.destroy();
    }
  }

  fail(code: ErrorCode): void {
    if (this.hasBegun) return;
    const { req, res, requestId } = this.options;
    // Here the gateway itself is the origin (RFC 9110 §6.6.1).
    res.sendDate = true;
    const accept = valuesOf(req.rawHeaders, 'accept').join(',');
    const page = errorPage(code, { accept, requestId, isHead: req.method === 'HEAD' });
    this.send(page, page.headers);
    this.write(page.body);
    this.end([]);
  }

  /** Breaks the connection off. Only a reset tells a body that ends with the connection from a cut one. */
  destroy(): void {
    this.isEnded = true;
    const { socket } = this.options.req;
    // What was written goes out first: a visitor sees a head and a cut body rather than nothing.
    while (socket.writableCorked > 0) socket.uncork();
    if (this.framing?.kind === 'close') socket.resetAndDestroy();
    else socket.destroy();
  }

  /** @throws {Error} when a line is no valid HTTP. */
  private send(head: ResponseHead, ready?: FlatHeaders): void {
    const { req, res } = this.options;
    if (head.status < 200) throw new Error('An interim status is no final answer.');
    const framing = framingOf(head, req);
    this.framing = framing;
    const flat = ready === undefined ? passing(head.headers, framing) : [...ready];
    const isLast = framing.kind === 'close' || !mayGoOn(this.options);
    if (isLast) flat.push('Connection', 'close');
    else if (req.httpVersion !== '1.1') flat.push('Connection', 'keep-alive');
    // Node would add its own `Connection: keep-alive`; told that it is removed, it adds nothing.
    else res.removeHeader('Connection');
    try {
      // A head with an Expect line is sent at once, and Node names no encoding then: obs-text needs latin1.
      req.socket.setDefaultEncoding('latin1');
      res.writeHead(head.status, head.reason, flat);
    } finally {
      req.socket.setDefaultEncoding('utf8');
    }
  }
}

/** Node lets HTTP/1.0 have its keep-alive even beside a close, which comes first (RFC 9112 §9.3). */
function mayGoOn(options: AnswerOptions): boolean {
  const { req, res } = options;
  if (!res.shouldKeepAlive || options.mustClose()) return false;
  return req.httpVersion === '1.1' || !membersOf(req.rawHeaders, 'connection').includes('close');
}

function framingOf(head: ResponseHead, req: IncomingMessage): Framing {
  const [length, ...more] = valuesOf(head.headers, 'content-length');
  if (more.length > 0 || (length !== undefined && !/^\d+$/.test(length))) throw new Error('Content-Length');
  // RFC 9112 §6.3: these end with their head, whatever their lines say.
  if (req.method === 'HEAD' || head.status === 204 || head.status === 304) return { kind: 'none' };
  if (length !== undefined) return { kind: 'length', bytes: Number(length) };
  return { kind: req.httpVersion === '1.1' ? 'chunked' : 'close' };
}

function passing(headers: FlatHeaders, framing: Framing): string[] {
  const passes = endToEndHeaders(headers, { keepUpgrade: false });
  // Node refuses `Trailer` where no trailers can follow.
  const flat = framing.kind === 'chunked' ? passes : keepHeaders(passes, (name) => name !== 'trailer');
  return keepRawDisposition(flat);
}

/**
 * Node takes a Content-Disposition behind a Content-Length apart as Latin-1 and puts it together as UTF-8. What goes in
 * the other way round comes out as it was; a test holds this to the bytes.
 */
function keepRawDisposition(flat: string[]): string[] {
  let hasLength = false;
  for (let n = 0; n < flat.length; n += 2) {
    const name = (flat[n] ?? '').toLowerCase();
    const value = flat[n + 1] ?? '';
    if (name === 'content-length') hasLength = Number(value) > 0;
    if (name === 'content-disposition' && hasLength) flat[n + 1] = Buffer.from(value).toString('latin1');
  }
  return flat;
}

function pairs(flat: FlatHeaders): [string, string][] {
  const named: [string, string][] = [];
  for (let n = 0; n < flat.length; n += 2) named.push([flat[n] ?? '', flat[n + 1] ?? '']);
  return named;
}
