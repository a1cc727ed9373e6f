// Services of a household and a small office, made up: each answers as such a service would, some of them badly.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { NewMapping } from '../../../protocol/mapping.ts';
import { close } from '../../support/httpOrigin.ts';

/** A mapping of the demo, and how its service answers; without an answer nobody listens there. */
export interface DemoService {
  readonly name: string;
  readonly domain: string;
  /** In 127.0.0.0/8, which is loopback as a whole on Linux. */
  readonly host: string;
  readonly port: number;
  readonly isEnabled?: boolean;
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}

export const SERVICES: readonly DemoService[] = [
  {
    name: 'Photos',
    domain: 'photos.example.com',
    host: '127.0.20.11',
    port: 2342,
    answer: (request, response) =>
      request.headers['if-none-match'] === undefined
        ? sized(response, 200, request.url?.startsWith('/thumb') === true ? 18_400 : 412_000)
        : sized(response, 304, 0),
  },
  {
    name: 'Films',
    domain: 'films.example.com',
    host: '127.0.20.11',
    port: 8096,
    async answer(_request, response) {
      await delay(40);
      sized(response, 206, 3_200_000);
    },
  },
  {
    name: 'Home automation',
    domain: 'home.example.com',
    host: '127.0.20.12',
    port: 8123,
    async answer(request, response) {
      // Holds a stream open until the visitor leaves.
      if (request.url === '/api/stream') {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': begun\n\n');
        await once(response, 'close');
        return;
      }
      sized(response, 200, 900);
    },
  },
  {
    name: 'Code',
    domain: 'code.example.com',
    host: '127.0.20.13',
    port: 3000,
    answer: (request, response) =>
      request.url === '/login' ? sized(response, 303, 0) : sized(response, 200, 24_000),
  },
  {
    name: 'Passwords',
    domain: 'vault.example.com',
    host: '127.0.20.13',
    port: 8080,
    answer: (request, response) => sized(response, request.url === '/api/sync' ? 401 : 200, 310),
  },
  {
    name: 'Metrics',
    domain: 'metrics.example.com',
    host: '127.0.20.14',
    port: 3001,
    async answer(request, response) {
      await delay(120);
      sized(response, request.url?.startsWith('/render') === true ? 500 : 200, 5_600);
    },
  },
  // Its machine is switched off.
  { name: 'Wiki', domain: 'wiki.example.com', host: '127.0.20.15', port: 8090 },
  {
    name: 'Old blog',
    domain: 'blog.example.com',
    host: '127.0.20.11',
    port: 8081,
    isEnabled: false,
  },
];

/** Starts those that answer; the returned function ends them. */
export async function startServices(): Promise<() => Promise<void>> {
  const servers: Server[] = [];
  for (const { host, port, answer } of SERVICES) {
    if (answer === undefined) continue;
    const server = createServer((request, response) => void answer(request, response));
    server.listen(port, host);
    await once(server, 'listening');
    servers.push(server);
  }
  return async () => {
    await Promise.all(servers.map(close));
  };
}

export function draftOf({
  name,
  domain,
  host,
  port,
  isEnabled = true,
}: DemoService): Partial<NewMapping> & Pick<NewMapping, 'name'> {
  return {
    name,
    externalDomain: domain,
    internalHost: host,
    internalPort: port,
    internalProtocol: 'http',
    enabled: isEnabled,
  };
}

function sized(response: ServerResponse, status: number, bytes: number): void {
  response
    .writeHead(status, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes })
    .end(Buffer.alloc(bytes, 'x'));
}
