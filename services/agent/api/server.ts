// The agent's port: taken first, served once everything behind it is there. What is no request is refused here.

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ProblemError } from './problems.ts';
import { endWithProblem } from './rawProblem.ts';
import type { ProblemCode } from '../../../protocol/api/problem.ts';

export interface AgentServer {
  readonly port: number;
  /** Begins to answer. To be called before the event loop turns, so that nobody waits in vain. */
  serve(answer: RequestListener, upgrade: UpgradeListener): void;
  /** Ends every connection and lets the port go. */
  close(): Promise<void>;
}

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** A head must be complete after this long, from the connection's begin. Raised: slow heads hold connections for longer. */
const HEAD_LIMIT_MS = 10_000;

/** A request must be complete after this long. Raised: slow bodies hold connections for longer. */
const REQUEST_LIMIT_MS = 60_000;

/** How late an overdue one may be noticed. */
const LIMIT_CHECK_MS = 1_000;

/** Connections at once. Raised: who only connects takes more file descriptors from the tunnel and the origins. */
const MAX_CONNECTIONS = 4_000;

/** Listens; rejects with the listener's error, EADDRINUSE among them. 0 takes any free port. */
export async function openAgentServer(host: string, port: number): Promise<AgentServer> {
  const server = createServer({
    headersTimeout: HEAD_LIMIT_MS,
    requestTimeout: REQUEST_LIMIT_MS,
    connectionsCheckingInterval: LIMIT_CHECK_MS,
    // The application refuses a request without it, with the headers of every answer.
    requireHostHeader: false,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const unfinished = new Set<ServerResponse>();
  server.on('clientError', (error, socket) => {
    const code = problemCodeOf(error);
    const hasBegun = [...unfinished].some((answer) => answer.socket === socket && answer.headersSent);
    // In the middle of an answer another one would be read as its body.
    if (code === null || hasBegun) socket.destroy();
    else endWithProblem(socket, new ProblemError(code));
  });
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
      const noted: RequestListener = (request, response) => {
        unfinished.add(response);
        response.on('close', () => unfinished.delete(response));
        answer(request, response);
      };
      server.on('request', noted);
      // An expectation that we do not know is none of ours to refuse (RFC 9110 §10.1.1).
      server.on('checkExpectation', noted);
      server.on('upgrade', upgrade);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What bytes that are no request are answered with; null when the connection itself broke. */
function problemCodeOf(error: Error): ProblemCode | null {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'HPE_HEADER_OVERFLOW') return 'head_too_large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'too_slow';
  return code.startsWith('HPE_') ? 'malformed' : null;
}
