// A programmable origin on a raw socket: tests see the exact bytes it was sent and decide the exact bytes it answers.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface RawOriginOptions {
  /** PEM texts: the origin speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Runs for every connection; without it, `accept` hands them out one by one. */
  readonly behave?: (peer: RawPeer) => void | Promise<void>;
}

export interface RawOrigin {
  readonly port: number;
  /** All connections so far, in order. */
  readonly peers: readonly RawPeer[];
  /** The next connection that was not handed out yet. */
  accept(): Promise<RawPeer>;
  /** Stops listening and drops every connection. */
  close(): Promise<void>;
}

export async function openRawOrigin(options: RawOriginOptions = {}): Promise<RawOrigin> {
  const peers: RawPeer[] = [];
  const changes = new Changes();
  let handedOut = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
    const peer = new RawPeer(raw, options.tls);
    peers.push(peer);
    changes.happened();
    // A behaviour that waits for what never comes ends with its connection; the test tells by what it sees itself.
    void Promise.resolve(options.behave?.(peer)).catch(() => peer.reset());
  });
  await listening(server, options.host ?? '127.0.0.1');
  return {
    port: portOf(server),
    peers,
    async accept() {
      const wanted = handedOut;
      handedOut += 1;
      await changes.until(() => peers.length > wanted);
      const peer = peers[wanted];
      if (peer === undefined) throw new Error('no such connection');
      return peer;
    },
    async close() {
      for (const peer of peers) peer.reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One connection, as the origin sees it. Texts are latin1: one character is one byte. */
export class RawPeer {
  private readonly raw: Socket;
  private readonly socket: Socket;
  private readonly changes = new Changes();
  private unread = '';
  private untaken = 0;
  private isEnded = false;
  private isGone = false;

  constructor(raw: Socket, tls: RawOriginOptions['tls']) {
    this.raw = raw;
    this.socket = tls === undefined ? raw : new TLSSocket(raw, { isServer: true, ...tls });
    // Errors come as the end of the connection.
    raw.on('error', () => {});
    this.socket
      .on('error', () => {})
      .on('data', (chunk: Buffer) => this.note(() => (this.unread += chunk.toString('latin1'))))
      .on('end', () => this.note(() => (this.isEnded = true)))
      .on('close', () => this.note(() => (this.isGone = true)));
  }

  /** Waits for a whole head, its empty line included. */
  head(): Promise<string> {
    return this.through('\r\n\r\n');
  }

  /** Waits for this text; all up to its end. */
  async through(text: string): Promise<string> {
    await this.until(() => this.unread.includes(text), `${JSON.stringify(text)} to arrive`);
    return this.take(this.unread.indexOf(text) + text.length);
  }

  async bytes(count: number): Promise<string> {
    await this.until(() => this.unread.length >= count, `${count} bytes`);
    return this.take(count);
  }

  /** Waits until this is so, looking whenever something has arrived. */
  async sees(isSo: () => boolean): Promise<void> {
    await this.until(isSo, 'what was to be seen');
  }

  /** Waits for the end of what the other side sends; what was not taken yet. */
  async rest(): Promise<string> {
    await this.changes.until(() => this.isEnded || this.isGone);
    return this.take(this.unread.length);
  }

  /** Waits until the other side has ended or broken the connection. */
  async left(): Promise<void> {
    await this.changes.until(() => this.isEnded || this.isGone);
  }

  /** Waits until the connection is gone, both ways. */
  async gone(): Promise<void> {
    await this.changes.until(() => this.isGone);
  }

  /** What has arrived and was not taken. */
  get pending(): string {
    return this.unread;
  }

  get hasLeft(): boolean {
    return this.isEnded || this.isGone;
  }

  /** Sends at once, in one piece. */
  send(bytes: string | Buffer): void {
    const piece = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    this.untaken += 1;
    this.socket.write(piece, () => this.note(() => (this.untaken -= 1)));
  }

  /** Waits until the kernel has all that was sent: with a peer that does not read, that takes a while. */
  async taken(): Promise<void> {
    await this.changes.until(() => this.untaken === 0 || this.isGone);
  }

  /** Sends FIN; the other side may go on. */
  end(): void {
    this.socket.end();
  }

  /** Sends RST, before this call returns. */
  reset(): void {
    if (!this.raw.destroyed) this.raw.resetAndDestroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  private take(count: number): string {
    const taken = this.unread.slice(0, count);
    this.unread = this.unread.slice(count);
    return taken;
  }

  private async until(isSo: () => boolean, what: string): Promise<void> {
    await this.changes.until(() => isSo() || this.hasLeft);
    if (!isSo())
      throw new Error(`the other side left; waited for ${what}, have ${JSON.stringify(this.unread)}`);
  }

  private note(change: () => void): void {
    change();
    this.changes.happened();
  }
}

/** Wakes whoever waits for a condition, when something has happened. */
export class Changes {
  private readonly waiting = new Set<() => void>();

  happened(): void {
    for (const wake of [...this.waiting]) wake();
  }

  until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        if (!isSo()) return;
        this.waiting.delete(wake);
        resolve();
      };
      this.waiting.add(wake);
    });
  }
}

/** A port of this machine on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await listening(server, '127.0.0.1');
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listening(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
