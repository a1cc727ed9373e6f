// An origin for load: every answer carries the id it was asked with, and bytes that depend on their position.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';

/** Every answer says with this header which request it answers. */
export const ID_HEADER = 'x-load-id';

/** Time between two server-sent events. */
const EVENT_MS = 50;

/** How often a paced download gets its next portion. */
const PACE_MS = 50;

const BLOCK_BYTES = 64 * 1024;

export interface LoadOrigin {
  readonly port: number;
  /** Exchanges and sockets that have not ended. */
  readonly openCount: number;
  stop(): Promise<void>;
}

/**
 * Serves `/small/ID`, `/bulk/ID/BYTES[?rate=BYTES_PER_SECOND]`, `/digest/ID` (POST), `/events/ID` (endless), and an echo
 * on any upgrade of `/echo/ID`. `label` is part of every small answer, to tell two origins apart.
 */
export async function openLoadOrigin(label = 'origin', host = '127.0.0.1'): Promise<LoadOrigin> {
  const open = new Set<object>();
  const server = createServer((asked, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    answer(label, asked, response);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, asked) => {
    const [, , id = ''] = pathOf(asked);
    open.add(socket);
    // What breaks a socket is its visitor's affair; here only its end counts.
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.on('message', (data: Buffer) => {
      socket.send(`${id}|${data.toString()}`);
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    port: address.port,
    get openCount() {
      return open.size;
    },
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What `/small/ID` answers: no other id has the same body. */
export function smallBody(label: string, id: string): string {
  return `${label} ${id} ${createHash('sha256').update(`${label} ${id}`).digest('hex')}`;
}

/** The bytes of one body: four of them follow from the seed and their place, so that none can be lost or moved unseen. */
export class Pattern {
  readonly seed: number;
  private readonly words = new Uint32Array(BLOCK_BYTES / 4);
  private readonly block = Buffer.from(this.words.buffer);
  private madeBlock = -1;

  constructor(id: string) {
    this.seed = createHash('sha256').update(id).digest().readUInt32LE(0);
  }

  /** Bytes from `offset` on, as many as one block holds; the same memory every time. */
  at(offset: number, length: number): Buffer {
    const wanted = Math.floor(offset / BLOCK_BYTES);
    if (wanted !== this.madeBlock) this.make(wanted);
    const start = offset % BLOCK_BYTES;
    return this.block.subarray(start, Math.min(BLOCK_BYTES, start + length));
  }

  /** True when these are the bytes that belong at `offset`. */
  matches(chunk: Buffer, offset: number): boolean {
    for (let done = 0; done < chunk.length;) {
      const wanted = this.at(offset + done, chunk.length - done);
      if (chunk.compare(wanted, 0, wanted.length, done, done + wanted.length) !== 0) return false;
      done += wanted.length;
    }
    return true;
  }

  private make(block: number): void {
    const first = block * this.words.length;
    for (let n = 0; n < this.words.length; n += 1)
      this.words[n] = Math.imul(this.seed ^ (first + n), 0x9e3779b1);
    this.madeBlock = block;
  }
}

function answer(label: string, asked: IncomingMessage, response: ServerResponse): void {
  const [, kind, id = '', bytes = '0'] = pathOf(asked);
  response.setHeader(ID_HEADER, id);
  switch (kind) {
    case 'small':
      response.end(smallBody(label, id));
      return;
    case 'bulk':
      sendPattern(response, id, Number(bytes), rateOf(asked));
      return;
    case 'digest':
      answerDigest(asked, response, id);
      return;
    case 'events':
      sendEvents(response, id);
      return;
    default:
      response.writeHead(404).end();
  }
}

function sendPattern(response: ServerResponse, id: string, total: number, bytesPerSecond: number): void {
  const pattern = new Pattern(id);
  const startMs = performance.now();
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  response.setHeader('content-length', total);
  response.on('drain', send);
  response.on('close', () => {
    clearTimeout(timer);
  });
  send();

  function send(): void {
    clearTimeout(timer);
    while (sent < total && !response.destroyed) {
      const due = Math.min(total, Math.floor(((performance.now() - startMs) / 1000) * bytesPerSecond));
      if (due <= sent) {
        timer = setTimeout(send, PACE_MS);
        return;
      }
      // The pattern's memory is used again for the next block, and a write may wait: it gets a copy.
      const piece = Buffer.from(pattern.at(sent, due - sent));
      sent += piece.length;
      if (!response.write(piece)) return;
    }
    if (!response.writableEnded) response.end();
  }
}

function answerDigest(asked: IncomingMessage, response: ServerResponse, id: string): void {
  const hash = createHash('sha256');
  asked.on('data', (chunk: Buffer) => hash.update(chunk));
  asked.on('end', () => {
    response.end(`${id} ${hash.digest('hex')}`);
  });
}

function sendEvents(response: ServerResponse, id: string): void {
  response.setHeader('content-type', 'text/event-stream');
  let count = 0;
  const timer = setInterval(() => {
    response.write(`data: ${id} ${count}\n\n`);
    count += 1;
  }, EVENT_MS);
  response.on('close', () => {
    clearInterval(timer);
  });
}

function pathOf(asked: IncomingMessage): string[] {
  return new URL(asked.url ?? '/', 'http://origin').pathname.split('/');
}

function rateOf(asked: IncomingMessage): number {
  const rate = new URL(asked.url ?? '/', 'http://origin').searchParams.get('rate');
  return rate === null ? Infinity : Number(rate);
}
