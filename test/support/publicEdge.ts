// Owns a real listener with a scripted relay behind it, for tests by raw bytes.

import type { Visitor, VisitorHandler, VisitorRequest } from '../../services/gateway/visitor.ts';
import type { FlatHeaders } from '../../protocol/head.ts';
import { createListener, type Listener, type ListenerOptions } from '../../services/gateway/listener.ts';
import { RawClient } from './rawClient.ts';

/** A relay that does nothing by itself and keeps what it hears. */
export class Relayed implements VisitorHandler {
  readonly visitor: Visitor;
  readonly chunks: string[] = [];
  trailers: FlatHeaders | null = null;
  drains = 0;
  closes = 0;
  private readonly watchers = new Set<() => void>();

  constructor(visitor: Visitor) {
    this.visitor = visitor;
  }

  get request(): VisitorRequest {
    return this.visitor.request;
  }

  get body(): string {
    return this.chunks.join('');
  }

  onData(chunk: Buffer): void {
    this.chunks.push(chunk.toString('latin1'));
    this.notify();
  }

  onEnd(trailers: FlatHeaders): void {
    this.trailers = trailers;
    this.notify();
  }

  onDrain(): void {
    this.drains += 1;
    this.notify();
  }

  onClosed(): void {
    this.closes += 1;
    this.notify();
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        this.watchers.add(resolve);
      });
    }
  }

  async closed(): Promise<void> {
    await this.until(() => this.closes > 0);
  }

  async ended(): Promise<void> {
    await this.until(() => this.trailers !== null);
  }

  /** A whole answer of a few bytes. */
  reply(body: string, headers: FlatHeaders = [], status = 200, reason = 'OK'): void {
    const bytes = Buffer.from(body, 'latin1');
    this.visitor.writeHead(
      { status, reason, headers: [...headers, 'Content-Length', String(bytes.length)] },
      true,
    );
    this.visitor.write(bytes);
    this.visitor.end([]);
  }

  private notify(): void {
    const resolves = [...this.watchers];
    this.watchers.clear();
    for (const resolve of resolves) resolve();
  }
}

export interface PublicEdge {
  readonly listener: Listener;
  readonly port: number;
  /** Every request that reached the relays, in order. */
  readonly relayed: Relayed[];
  connect(): Promise<RawClient>;
  /** The request with this number, once it is there. */
  request(index?: number): Promise<Relayed>;
  close(drainMs?: number): Promise<void>;
}

/** Starts a listener on a free port; `act` is what the relay does with each request. */
export async function openEdge(
  act: (relayed: Relayed) => void = () => {},
  options: Partial<ListenerOptions> = {},
): Promise<PublicEdge> {
  const relayed: Relayed[] = [];
  const arrivals = new Set<() => void>();
  const clients: RawClient[] = [];
  const listener = createListener({
    port: 0,
    host: '127.0.0.1',
    serve(visitor) {
      const each = new Relayed(visitor);
      relayed.push(each);
      act(each);
      for (const arrive of [...arrivals]) arrive();
      return each;
    },
    own(_req, res) {
      res.end('own');
    },
    upgradeOwn(_req, socket) {
      socket.end('HTTP/1.1 101 Own\r\n\r\n');
    },
    isOwned: (host) => host.endsWith('.localhost'),
    trustedProxies: [],
    pseudonym: 'octoporty-test',
    isBehindCaddy: false,
    log: { debug() {}, error() {} },
    ...options,
  });
  const { port } = await listener.listen();
  let isClosed: Promise<void> | undefined;
  return {
    listener,
    port,
    relayed,
    async connect() {
      const client = await RawClient.connect(port);
      clients.push(client);
      return client;
    },
    async request(index = 0) {
      while (true) {
        const found = relayed[index];
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          arrivals.add(resolve);
        });
      }
    },
    async close(drainMs = 0) {
      for (const client of clients) client.close();
      isClosed ??= listener.close(drainMs);
      await isClosed;
    },
  };
}
