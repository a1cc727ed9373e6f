// Owns the demo origin: a small service that shows what reached it, so that a first tunnel has something to lead to.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { PAGE_POLICY, renderPage } from './demo/page.ts';
import { receivedOf, textOf } from './demo/received.ts';

export interface RunningDemo {
  readonly port: number;
  /** Ends every stream at once: a demo has nothing to lose. */
  stop(): Promise<void>;
}

/** One event a second is enough to see that nothing on the way holds events back. */
const EVENT_INTERVAL_MS = 1000;

/** Longest message echoed. Raised: one visitor's message takes more memory. */
const MAX_ECHO_BYTES = 1024 * 1024;

/** Listens on loopback only, on any free port. */
export async function startDemo(): Promise<RunningDemo> {
  const server = createServer(answer);
  const echo = new WebSocketServer({ noServer: true, maxPayload: MAX_ECHO_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request, socket: Socket, head) => {
    // Node takes its own listener away: without one a visitor who resets the connection would end the process.
    socket.on('error', ignoreFailure);
    if (pathOf(request) !== '/echo') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    echo.handleUpgrade(request, socket, head, sendBack);
  });
  const port = await listen(server);
  return {
    port,
    stop() {
      for (const socket of echo.clients) socket.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  // What a visitor uploads is not shown, but it must not block the connection.
  request.resume();
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (pathOf(request) === '/events') {
    streamEvents(response);
    return;
  }
  const received = receivedOf(request);
  const accepted = request.headers.accept ?? '';
  if (accepted.includes('text/html')) {
    response.setHeader('Content-Security-Policy', PAGE_POLICY);
    send(response, 'text/html', renderPage(received));
  } else if (accepted.includes('application/json')) {
    send(response, 'application/json', `${JSON.stringify(received, null, 2)}\n`);
  } else {
    send(response, 'text/plain', textOf(received));
  }
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
    Vary: 'Accept',
  });
  response.end(body);
}

/** Server-sent events that count from 1, one a second. */
function streamEvents(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  let count = 0;
  const next = () => {
    count += 1;
    response.write(`data: ${count}\n\n`);
  };
  next();
  const timer = setInterval(next, EVENT_INTERVAL_MS);
  response.on('close', () => clearInterval(timer));
}

function sendBack(socket: WebSocket): void {
  // The same for one who cuts in mid frame; the socket closes by itself.
  socket.on('error', ignoreFailure);
  socket.on('message', (data, isBinary) => {
    socket.send(data, { binary: isBinary });
  });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').replace(/\?.*$/s, '');
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('The demo has no port.'));
      else resolve(address.port);
    });
  });
}

function ignoreFailure(): void {}
