// Owns a visitor of bytes: sends exactly what it is told, and keeps exactly what comes back.

import { connect, type Socket } from 'node:net';

/** How a connection ended: by the peer's FIN, or by a reset. */
export type Ending = 'fin' | 'reset';

export interface RawAnswer {
  readonly status: number;
  /** Status line and header lines, as Latin-1. */
  readonly head: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Without framing. */
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
}

/** How long a wait may take before the test fails. */
const PATIENCE_MS = 5_000;
const HEAD_END = '\r\n\r\n';

export class RawClient {
  private readonly socket: Socket;
  private received = '';
  private read = 0;
  private ending: Ending | null = null;
  private readonly watchers = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.notify();
    });
    socket.on('end', () => {
      this.ending ??= 'fin';
      this.notify();
    });
    socket.on('error', () => {
      this.ending = 'reset';
      this.notify();
    });
    socket.on('close', () => this.notify());
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Everything received so far, as Latin-1. */
  get bytes(): string {
    return this.received;
  }

  get ended(): Ending | null {
    return this.ending;
  }

  /** Sends text as Latin-1, bytes as they are. */
  send(data: string | Buffer): this {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
    return this;
  }

  halfClose(): this {
    this.socket.end();
    return this;
  }

  /** Leaves without a word. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }

  pause(): this {
    this.socket.pause();
    return this;
  }

  resume(): this {
    this.socket.resume();
    return this;
  }

  /** Waits until the unread bytes begin with what `parse` can read, and reads it. */
  async take<T>(
    parse: (unread: string, isEnded: boolean) => { value: T; length: number } | null,
  ): Promise<T> {
    let parsed: { value: T; length: number } | null = null;
    await this.until(() => {
      parsed = parse(this.received.slice(this.read), this.ending !== null);
      return parsed !== null;
    });
    const found = parsed as { value: T; length: number } | null;
    if (found === null) throw new Error('Nothing was read.');
    this.read += found.length;
    return found.value;
  }

  /** The next bytes, as many. */
  async exactly(length: number): Promise<string> {
    return this.take((unread) =>
      unread.length < length ? null : { value: unread.slice(0, length), length },
    );
  }

  /** The next head, up to and with its blank line. */
  async head(): Promise<string> {
    return this.take((unread) => {
      const end = unread.indexOf(HEAD_END);
      return end < 0 ? null : { value: unread.slice(0, end), length: end + HEAD_END.length };
    });
  }

  /** The next whole answer, its body in whatever framing. `isBodiless`: to HEAD. */
  async answer(isBodiless = false): Promise<RawAnswer> {
    return this.take((unread, isEnded) => parseAnswer(unread, isEnded, isBodiless));
  }

  /** Everything unread once the other side has closed, and how it did. */
  async rest(): Promise<{ bytes: string; ending: Ending }> {
    await this.until(() => this.ending !== null);
    const bytes = this.received.slice(this.read);
    this.read = this.received.length;
    return { bytes, ending: this.ending ?? 'fin' };
  }

  async until(isTrue: () => boolean): Promise<void> {
    if (isTrue()) return;
    await new Promise<void>((resolve, reject) => {
      const over = () => {
        clearTimeout(timer);
        this.watchers.delete(watch);
      };
      const watch = () => {
        if (!isTrue()) return;
        over();
        resolve();
      };
      const timer = setTimeout(() => {
        over();
        reject(
          new Error(`Waited in vain; ${this.ending ?? 'open'}: ${JSON.stringify(this.received.slice(-500))}`),
        );
      }, PATIENCE_MS);
      this.watchers.add(watch);
    });
  }

  private notify(): void {
    for (const watch of [...this.watchers]) watch();
  }
}

/** One connection, bytes in, everything that comes back until the other side closes. */
export async function exchangeRaw(port: number, bytes: string): Promise<{ bytes: string; ending: Ending }> {
  const client = await RawClient.connect(port);
  const all = await client.send(bytes).rest();
  client.close();
  return all;
}

/** The answer in these bytes; null when it is not whole, be it that the connection ended so or is still open (null). */
export function wholeAnswer(bytes: string, ended: Ending | null): RawAnswer | null {
  // Only a FIN can be the end of a body that nothing else delimits.
  return parseAnswer(bytes, ended === 'fin', false)?.value ?? null;
}

export function valuesIn(answer: Pick<RawAnswer, 'headers'>, name: string): string[] {
  return answer.headers
    .filter(([each]) => each.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

function parseAnswer(
  unread: string,
  isEnded: boolean,
  isBodiless: boolean,
): { value: RawAnswer; length: number } | null {
  const headEnd = unread.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const head = unread.slice(0, headEnd);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers = lines.map(pairOf);
  const bodyStart = headEnd + HEAD_END.length;
  const body = bodyOf(unread.slice(bodyStart), isEnded, {
    isBodiless: isBodiless || status === 204 || status === 304 || status < 200,
    length: valuesIn({ headers }, 'content-length')[0],
    isChunked: valuesIn({ headers }, 'transfer-encoding').includes('chunked'),
  });
  if (body === null) return null;
  const { text, trailers, length } = body;
  return { value: { status, head, headers, body: text, trailers }, length: bodyStart + length };
}

interface Body {
  readonly text: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly length: number;
}

function bodyOf(
  bytes: string,
  isEnded: boolean,
  framing: { isBodiless: boolean; length: string | undefined; isChunked: boolean },
): Body | null {
  if (framing.isBodiless) return { text: '', trailers: [], length: 0 };
  if (framing.isChunked) return dechunk(bytes);
  const length = framing.length === undefined ? (isEnded ? bytes.length : Infinity) : Number(framing.length);
  return bytes.length < length ? null : { text: bytes.slice(0, length), trailers: [], length };
}

function dechunk(bytes: string): Body | null {
  let at = 0;
  let text = '';
  while (true) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(bytes.slice(at, lineEnd), 16);
    if (size === 0) {
      const end = bytes.indexOf(HEAD_END, lineEnd);
      if (end < 0) return null;
      const lines = bytes
        .slice(lineEnd, end)
        .split('\r\n')
        .filter((line) => line !== '');
      return { text, trailers: lines.map(pairOf), length: end + HEAD_END.length };
    }
    if (bytes.length < lineEnd + size + 4) return null;
    text += bytes.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + size + 4;
  }
}

function pairOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
