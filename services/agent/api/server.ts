// The agent's port: taken first, served once everything behind it is there.

import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';

export interface AgentServer {
  readonly port: number;
  /** Begins to answer. To be called before the event loop turns, so that nobody waits in vain. */
  serve(answer: RequestListener, upgrade: UpgradeListener): void;
  /** Ends every connection and lets the port go. */
  close(): Promise<void>;
}

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Listens; rejects with the listener's error, EADDRINUSE among them. 0 takes any free port. */
export async function openAgentServer(host: string, port: number): Promise<AgentServer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    serve(answer, upgrade) {
      server.on('request', answer);
      server.on('upgrade', upgrade);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
