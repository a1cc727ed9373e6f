// A visitor who comes over TLS by HTTP/2 and goes on, as a browser does, while the server ends its connections.

import { createHash, randomUUID } from 'node:crypto';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { ID_HEADER, Pattern, smallBody } from './loadOrigin.ts';

export interface Http2Target {
  readonly port: number;
  /** The certificate of the authority to trust. */
  readonly root: Buffer;
  readonly name: string;
}

/**
 * `ok`; `unprocessed`: the server has said that it did not touch the request (RFC 9113 §8.7), so that a browser sends it
 * again unseen; else what went wrong.
 */
export type Outcome = string;

const UNPROCESSED = 'unprocessed';

/** A request that is not processed so often in a row has failed. */
const MAX_TRIES = 5;

const PATIENCE_MS = 30_000;

/** One connection at a time: told to go, a new one is opened for the next request while the old one ends in peace. */
export class Http2Visitor {
  private readonly target: Http2Target;
  private session: ClientHttp2Session | undefined;
  /** Connections opened. */
  sessions = 0;

  constructor(target: Http2Target) {
    this.target = target;
  }

  /** One small GET, as a browser asks: what was not processed is asked again. */
  async getSmall(onUnprocessed: () => void = () => {}): Promise<Outcome> {
    let outcome: Outcome = UNPROCESSED;
    for (let tries = 0; outcome === UNPROCESSED && tries < MAX_TRIES; tries += 1) {
      if (tries > 0) onUnprocessed();
      outcome = await this.trySmall();
    }
    return outcome;
  }

  /** Follows an endless stream of events of a load origin. */
  events(): EventCount {
    const id = randomUUID();
    const stream = this.request({ ':path': `/events/${id}` });
    const count: EventCount = { seen: 0, fault: null, stop: () => stream.close() };
    let rest = '';
    stream.setEncoding('latin1');
    stream.on('data', (piece: string) => {
      const events = (rest + piece).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        if (event !== `data: ${id} ${count.seen}`)
          count.fault ??= `"${event}" instead of event ${count.seen}`;
        count.seen += 1;
      }
    });
    stream.on('error', (error: Error) => (count.fault ??= error.message));
    stream.on('close', () => (count.fault ??= 'the stream ended'));
    stream.end();
    return count;
  }

  /** Posts that many bytes to a load origin: whether the origin read the very same. */
  async upload(bytes: number): Promise<boolean> {
    const id = randomUUID();
    const hash = createHash('sha256');
    const stream = this.request({ ':method': 'POST', ':path': `/digest/${id}`, 'content-length': bytes });
    const sending = pipeline(
      piecesOf(id, bytes, (piece) => hash.update(piece)),
      stream,
    );
    // Together: what breaks the one breaks the other.
    const [answer] = await Promise.all([text(stream), sending]);
    return answer === `${id} ${hash.digest('hex')}`;
  }

  close(): void {
    this.session?.destroy();
  }

  private trySmall(): Promise<Outcome> {
    const id = randomUUID();
    let stream: ClientHttp2Stream;
    try {
      stream = this.request({ ':path': `/small/${id}` });
    } catch (error) {
      // The connection was told to go between our look and our request: nothing was sent.
      if (isGone(error)) return Promise.resolve(UNPROCESSED);
      throw error;
    }
    return new Promise((resolve) => {
      let isRight = false;
      let body = '';
      stream.setTimeout(PATIENCE_MS, () => {
        resolve('hung');
        stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.setEncoding('latin1');
      stream.on('response', (headers) => {
        isRight = headers[':status'] === 200 && headers[ID_HEADER] === id;
        if (!isRight) resolve(`status ${headers[':status']}`);
      });
      stream.on('data', (piece: string) => (body += piece));
      stream.on('end', () => {
        resolve(isRight && body === smallBody('origin', id) ? 'ok' : 'wrong');
      });
      stream.on('error', (error: Error) => {
        const isUntouched = stream.pending || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
        resolve(isUntouched && !isBroken(error) ? UNPROCESSED : error.message);
      });
      stream.on('close', () => {
        resolve(`closed with ${stream.rstCode}`);
      });
      stream.end();
    });
  }

  private request(headers: Record<string, string | number>): ClientHttp2Stream {
    const current = this.session;
    const session = current === undefined || current.closed || current.destroyed ? this.open() : current;
    return session.request(headers);
  }

  private open(): ClientHttp2Session {
    const { name, port, root } = this.target;
    const session = connect(`https://${name}:${port}`, {
      ca: root,
      lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    // What ends it ends its streams, and there it is heard.
    session.on('error', () => {});
    session.on('goaway', () => {
      if (this.session === session) this.session = undefined;
    });
    this.session = session;
    this.sessions += 1;
    return session;
  }
}

export interface EventCount {
  seen: number;
  /** The first thing that was not as it should be; null: there was none. */
  fault: string | null;
  stop(): void;
}

function* piecesOf(id: string, bytes: number, onPiece: (piece: Buffer) => void): Generator<Buffer> {
  const pattern = new Pattern(id);
  for (let sent = 0; sent < bytes;) {
    // The pattern's memory is used again for the next block.
    const piece = Buffer.from(pattern.at(sent, bytes - sent));
    onPiece(piece);
    sent += piece.length;
    yield piece;
  }
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_HTTP2_GOAWAY_SESSION' || code === 'ERR_HTTP2_INVALID_SESSION';
}

/** The connection itself failed, which a visitor sees: nothing was said about the request. */
function isBroken(error: Error): boolean {
  return 'syscall' in error || error.cause !== undefined;
}
