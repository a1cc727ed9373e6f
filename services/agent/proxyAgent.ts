// Gives `http.request` its connection to the gateway through a proxy, with the gateway's TLS inside.

import { Agent, type ClientRequestArgs } from 'node:http';
import { isIP, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { connectThrough } from './proxyTunnel.ts';

export interface ProxyWay {
  readonly proxyUrl: string;
  readonly gatewayUrl: string;
  /** Certificate authorities in PEM for the gateway; null: the usual ones. */
  readonly ca: Buffer | null;
  /** Aborted when nobody wants the connection any more: the proxy may never answer. */
  readonly signal: AbortSignal;
}

export class ProxyAgent extends Agent {
  /** Of the requests that it takes: Node compares. */
  readonly protocol: string;
  private readonly way: ProxyWay;

  constructor(way: ProxyWay) {
    super();
    this.way = way;
    this.protocol = way.gatewayUrl.startsWith('wss:') ? 'https:' : 'http:';
  }

  override createConnection(
    _: ClientRequestArgs,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const { proxyUrl, gatewayUrl, ca, signal } = this.way;
    const { hostname, port: ownPort } = new URL(gatewayUrl);
    const isEncrypted = this.protocol === 'https:';
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const port = Number(ownPort) || (isEncrypted ? 443 : 80);
    const servername = isIP(host) === 0 ? host : '';
    const connected = (error: Error | null, socket?: Socket) => {
      // Beside an error nobody looks at the socket.
      if (socket === undefined) done(error, new Socket());
      else if (isEncrypted)
        done(null, connectTls({ socket, host, servername, ...(ca === null ? {} : { ca }) }));
      else done(null, socket);
    };
    connectThrough(proxyUrl, { host, port }, connected, signal);
  }
}
