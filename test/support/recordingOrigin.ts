// An origin that writes down every request it is sent, however little of it, and answers those that are whole.

import { Changes, openRawOrigin, type RawPeer } from './rawOrigin.ts';

export interface RecordingOrigin {
  readonly port: number;
  /** Every request whose head arrived, in order. */
  readonly heard: readonly HeardRequest[];
  /** What came where a head was expected, and is none. */
  readonly strays: string;
  /** Waits until a request with this request line was heard. */
  hears(line: string): Promise<HeardRequest>;
  close(): Promise<void>;
}

/** A request as the strictest of readers reads it. Texts are latin1: one character is one byte. */
export class HeardRequest {
  readonly peer: RawPeer;
  readonly line: string;
  readonly headers: readonly string[];
  /** Without framing; as much as came. */
  body = '';
  trailers: readonly string[] = [];
  isWhole = false;

  constructor(peer: RawPeer, head: string) {
    const [line = '', ...headers] = head.slice(0, -HEAD_END.length).split('\r\n');
    this.peer = peer;
    this.line = line;
    this.headers = headers;
  }

  /** Of its body, with what was not read yet. */
  get arrived(): string {
    return this.body + this.peer.pending;
  }

  /** The lines of these headers, as they came. */
  linesOf(...lowerNames: readonly string[]): string[] {
    return this.headers.filter((line) => lowerNames.includes(line.split(':', 1)[0]?.toLowerCase() ?? ''));
  }
}

const HEAD_END = '\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export async function openRecordingOrigin(): Promise<RecordingOrigin> {
  const heard: HeardRequest[] = [];
  const waiting = new Set<RawPeer>();
  const changes = new Changes();
  const origin = await openRawOrigin({
    behave: async (peer) => {
      while (true) {
        waiting.add(peer);
        const request = new HeardRequest(peer, await peer.head());
        waiting.delete(peer);
        heard.push(request);
        changes.happened();
        await readBody(request);
        request.isWhole = true;
        peer.send(ANSWER);
      }
    },
  });
  return {
    port: origin.port,
    heard,
    get strays() {
      return [...waiting].map(({ pending }) => pending).join('');
    },
    async hears(wanted) {
      const found = () => heard.find(({ line }) => line === wanted);
      await changes.until(() => found() !== undefined);
      return found() ?? Promise.reject(new Error(`not heard: ${wanted}`));
    },
    close: () => origin.close(),
  };
}

/** Rejects framing that says two things, or anything but what RFC 9112 §6 and §7.1 name. */
async function readBody(request: HeardRequest): Promise<void> {
  const lines = request.linesOf('content-length', 'transfer-encoding');
  const [line = 'content-length: 0'] = lines;
  const length = /^content-length: (\d+)$/i.exec(line)?.[1];
  if (lines.length > 1) throw new Error('more than one framing');
  if (length !== undefined) request.body = await request.peer.bytes(Number(length));
  else if (/^transfer-encoding: chunked$/i.test(line)) await readChunks(request);
  else throw new Error('unknown framing');
}

async function readChunks(request: HeardRequest): Promise<void> {
  const { peer } = request;
  while (true) {
    const size = /^([\da-f]+)\r\n$/i.exec(await peer.through('\r\n'))?.[1];
    if (size === undefined) throw new Error('no chunk size');
    if (/^0+$/.test(size)) break;
    const chunk = await peer.bytes(parseInt(size, 16) + 2);
    if (!chunk.endsWith('\r\n')) throw new Error('no chunk end');
    request.body += chunk.slice(0, -2);
  }
  const trailers: string[] = [];
  while (true) {
    const line = (await peer.through('\r\n')).slice(0, -2);
    if (line === '') break;
    trailers.push(line);
  }
  request.trailers = trailers;
}
