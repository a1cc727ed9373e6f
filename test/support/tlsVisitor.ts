// A visitor who comes in over TLS on loopback, as through Caddy: by HTTP/1.1, HTTP/2, WebSocket or as a reader of events.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request, type RequestOptions } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { WebSocket } from 'ws';
import { bytesOf, digestOf } from './bulk.ts';

export interface SeenAnswer {
  readonly status: number;
  readonly body: string;
}

export interface EventReader {
  /** All that has come so far. */
  readonly text: string;
  readonly isOpen: boolean;
  close(): void;
}

const PATIENCE_MS = 10_000;

export class TlsVisitor {
  private readonly port: number;
  private readonly root: Buffer;

  /** @param root the certificate of the authority to trust. */
  constructor(port: number, root: Buffer) {
    this.port = port;
    this.root = root;
  }

  /** One GET on a connection of its own. */
  async get(name: string, path = '/'): Promise<SeenAnswer> {
    const asked = request({ ...this.to(name), path, timeout: PATIENCE_MS });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    asked.end();
    return wholeOf(asked);
  }

  /** The status of `/`; null where the name has not even a certificate, or nobody answers. */
  async statusOf(name: string): Promise<number | null> {
    try {
      return (await this.get(name)).status;
    } catch {
      return null;
    }
  }

  async getByHttp2(name: string, path: string): Promise<SeenAnswer> {
    const session = connectHttp2(`https://${name}:${this.port}`, {
      ca: this.root,
      lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    const stream = session.request({ ':path': path });
    // What ends the session ends the stream, and there it is heard.
    session.on('error', () => {});
    stream.end();
    try {
      const [headers] = await once(stream, 'response');
      let body = '';
      for await (const chunk of stream) body += String(chunk);
      return { status: statusIn(headers), body };
    } finally {
      session.close();
    }
  }

  /** Posts that many bytes; the digest of what was sent, and the answer's body. */
  async upload(name: string, path: string, bytes: number): Promise<{ sent: string; answered: string }> {
    const asked = request({ ...this.to(name), path, method: 'POST' });
    asked.setHeader('content-length', bytes);
    const answer = wholeOf(asked);
    await pipeline(bytesOf(bytes), asked);
    return { sent: digestOf(bytes), answered: (await answer).body };
  }

  /** The digest of what came. */
  async download(name: string, path: string): Promise<string> {
    const asked = request({ ...this.to(name), path });
    asked.end();
    const response = await responseOf(asked);
    const hash = createHash('sha256');
    await pipeline(response, hash);
    return hash.digest('hex');
  }

  async webSocket(name: string, path: string): Promise<WebSocket> {
    const { agent: _, ...to } = this.to(name);
    const socket = new WebSocket(`wss://127.0.0.1:${this.port}${path}`, to);
    await once(socket, 'open');
    return socket;
  }

  async events(name: string, path: string): Promise<EventReader> {
    const asked = request({
      ...this.to(name),
      path,
      headers: { ...this.to(name).headers, accept: 'text/event-stream' },
    });
    asked.end();
    const response = await responseOf(asked);
    let text = '';
    let isOpen = true;
    response.setEncoding('utf8');
    response.on('data', (piece: string) => (text += piece));
    for (const end of ['close', 'error']) response.on(end, () => (isOpen = false));
    return {
      get text() {
        return text;
      },
      get isOpen() {
        return isOpen;
      },
      close: () => void asked.destroy(),
    };
  }

  private to(name: string) {
    return {
      host: '127.0.0.1',
      port: this.port,
      servername: name,
      ca: this.root,
      headers: { host: `${name}:${this.port}` },
      agent: false,
    } satisfies RequestOptions;
  }
}

/** Of HTTP/2's pseudo-header. */
function statusIn(headers: unknown): number {
  const isRecord = typeof headers === 'object' && headers !== null;
  return isRecord && ':status' in headers ? Number(headers[':status']) : 0;
}

function responseOf(asked: ReturnType<typeof request>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
  });
}

async function wholeOf(asked: ReturnType<typeof request>): Promise<SeenAnswer> {
  const response = await responseOf(asked);
  let body = '';
  response.setEncoding('utf8');
  for await (const piece of response) body += String(piece);
  return { status: response.statusCode ?? 0, body };
}
