// A whole tunnel behind a real Caddy that serves others too: what visitors get, and what Caddy is told, whatever happens.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { POLL_MS, WRITE_PAUSE_MS } from '../../machines/reconciler.ts';
import { AdminApi } from '../bench/adminApi.ts';
import { bytesOf } from '../support/bulk.ts';
import { caddies, startCaddy, testWithCaddy, type TestCaddy } from '../support/caddy.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { freePort, startRig, until, type Rig } from '../support/rig.ts';
import { TlsVisitor } from '../support/tlsVisitor.ts';

const WEB = 'web.localhost';
const FOREIGN = 'foreign.localhost';
const PASSWORD = 'a password for tests';

/** More for a proof by hand. */
const BULK_BYTES = Number(process.env.OCTOPORTY_TEST_BULK_MB ?? '20') * 1_000_000;

/** The longest time after Caddy's return in which a name may be away: until it is looked at, and a moment to write. */
const RETURN_MS = POLL_MS + 1_000;

if (caddies.length === 0) testWithCaddy('a tunnel is served through Caddy', () => {});

describe.each(caddies)('behind $name', (binary) => {
  const events = new Set<ServerResponse>();
  const origin = createServer((asked, response) => {
    const url = new URL(asked.url ?? '/', 'http://origin');
    if (url.pathname === '/digest') {
      const hash = createHash('sha256');
      asked.on('data', (chunk: Buffer) => hash.update(chunk));
      asked.on('end', () => response.end(hash.digest('hex')));
    } else if (url.pathname === '/bytes') {
      const length = Number(url.searchParams.get('n'));
      bytesOf(length).pipe(response.setHeader('content-length', length));
    } else if (url.pathname === '/encodings') response.end(asked.headers['accept-encoding'] ?? 'none');
    else if (url.pathname === '/events') {
      events.add(response.writeHead(200, { 'content-type': 'text/event-stream' }));
      response.write('data: first\n\n');
      response.on('close', () => events.delete(response));
    } else response.end(`${asked.headers.host} by ${String(asked.headers['x-forwarded-proto'])}`);
  });
  const echo = new WebSocketServer({ server: origin });
  echo.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });

  let originUrl = { internalHost: '127.0.0.1', internalPort: 0, internalProtocol: 'http' };
  let caddy: TestCaddy;
  let rig: Rig;
  let api: AdminApi;
  let visitor: TlsVisitor;
  let httpsPort: number;
  let foreignBefore: string;
  /** What has been started, however far the start has come. */
  const stops: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    originUrl = { ...originUrl, internalPort: await listen(origin) };
    httpsPort = await freePort();
    caddy = await startCaddy({ binary, config: configOf(httpsPort, await freePort()) });
    stops.push(() => caddy.stop());
    foreignBefore = await foreignPart(caddy);
    rig = await startRig({
      maps: [`${WEB}=http://127.0.0.1:${originUrl.internalPort}`],
      env: { OCTOPORTY_CADDY_ADMIN_URL: caddy.adminUrl, OCTOPORTY_GATEWAY_HOST: 'gateway.localhost' },
    });
    stops.push(
      () => rig.stop(),
      () => close(origin),
    );
    visitor = new TlsVisitor(httpsPort, readFileSync(caddy.rootFile));
    api = new AdminApi(rig.uiPort, PASSWORD);
    stops.push(() => api.close());
    await api.logIn();
    await served(WEB);
  });

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  test('visitors come by HTTP/1.1 and by HTTP/2', async () => {
    const answer = { status: 200, body: `${WEB}:${httpsPort} by https` };
    expect(await visitor.get(WEB)).toEqual(answer);
    expect(await visitor.getByHttp2(WEB, '/')).toEqual(answer);
  });

  test('the gateway is reached by its own name, and others keep theirs', async () => {
    expect((await visitor.get('gateway.localhost', '/health')).status).toBe(200);
    expect(await visitor.get(FOREIGN)).toEqual({ status: 200, body: 'not ours' });
  });

  test('the origin is asked for what the visitor asked for: Caddy wants no gzip of its own', async () => {
    expect(await visitor.get(WEB, '/encodings')).toEqual({ status: 200, body: 'none' });
  });

  test('many megabytes go up and down to the last byte', { timeout: 300_000 }, async () => {
    const { sent, answered } = await visitor.upload(WEB, '/digest', BULK_BYTES);
    expect(answered).toBe(sent);
    expect(await visitor.download(WEB, `/bytes?n=${BULK_BYTES}`)).toBe(sent);
  });

  test('a mapping that is added is served, one that is disabled is not, nor one that is deleted', async () => {
    const name = 'added.localhost';
    const { mapping } = await api.create(draftOf(name));
    await served(name);
    await api.ask('PATCH', `/mappings/${mapping.id}`, { enabled: false });
    await until('it is not served', async () => (await visitor.statusOf(name)) !== 200);
    await until('its route is gone', async () => !(await routesOf(caddy)).includes(mapping.id));
    await api.ask('PATCH', `/mappings/${mapping.id}`, { enabled: true });
    await served(name);
    await api.ask('DELETE', `/mappings/${mapping.id}`);
    await until('its route is gone again', async () => !(await routesOf(caddy)).includes(mapping.id));
    expect(await visitor.statusOf(name)).not.toBe(200);
  });

  test('a WebSocket and a stream of events live on while a hundred edits are written in a few goes', async () => {
    const socket = await again(() => visitor.webSocket(WEB, '/echo'));
    const reader = await again(() => visitor.events(WEB, '/events'));
    const { mapping } = await api.create(draftOf('edit-0.localhost'));
    const [writes, editedMs] = [writesOf(caddy), performance.now()];
    for (let n = 1; n <= 100; n += 1) {
      const externalDomain = `edit-${n}.localhost`;
      expect(await api.ask('PATCH', `/mappings/${mapping.id}`, { externalDomain })).toMatchObject({
        status: 200,
      });
      if (n % 50 > 0) continue;
      await until('Caddy has the edit', async () => (await routesOf(caddy)).includes(externalDomain));
    }
    const pauses = (performance.now() - editedMs) / WRITE_PAUSE_MS;
    expect(writesOf(caddy) - writes).toBeGreaterThanOrEqual(2);
    expect(writesOf(caddy) - writes).toBeLessThanOrEqual(pauses + 2);
    expect(socket.readyState).toBe(socket.OPEN);
    socket.send('still there?');
    const [message] = await once(socket, 'message');
    expect(String(message)).toBe('still there?');
    for (const response of events) response.write('data: second\n\n');
    await until('the event has come', () => reader.text === 'data: first\n\ndata: second\n\n');
    expect(reader.isOpen).toBe(true);
    socket.close();
    reader.close();
    await api.ask('DELETE', `/mappings/${mapping.id}`);
  });

  test('a Caddy that is killed and comes back without its routes serves again within seconds', async () => {
    await caddy.kill('SIGKILL');
    await caddy.start();
    const backMs = performance.now();
    await served(WEB);
    expect(performance.now() - backMs).toBeLessThan(RETURN_MS);
  });

  test(
    'a gateway that is started again finds its routes, and changes nothing',
    { timeout: 60_000 },
    async () => {
      const before = { etag: (await caddy.ask('GET', '/config/')).etag, writes: writesOf(caddy) };
      await rig.gateway.end('SIGKILL');
      rig.gateway.start();
      await until('it answers again', async () => (await visitor.statusOf('gateway.localhost')) !== 502);
      await rig.waitOnline();
      await served(WEB);
      await untilQuiet(caddy);
      expect({ etag: (await caddy.ask('GET', '/config/')).etag, writes: writesOf(caddy) }).toEqual(before);
    },
  );

  test('what is not ours is as it was, byte for byte', async () => {
    expect(writesOf(caddy)).toBeGreaterThan(0);
    expect(await foreignPart(caddy)).toBe(foreignBefore);
  });

  function served(name: string): Promise<void> {
    return until(`${name} is served`, async () => (await visitor.statusOf(name)) === 200);
  }

  function draftOf(externalDomain: string) {
    return { name: externalDomain, externalDomain, ...originUrl };
  }
});

/** A Caddy that has just been written to closes connections on which nothing has been asked yet (from 2.10 on). */
async function again<Result>(ask: () => Promise<Result>): Promise<Result> {
  let result: Result | undefined;
  const isDone = async () => {
    try {
      result = await ask();
      return true;
    } catch {
      return false;
    }
  };
  await until('it is answered', isDone);
  if (result === undefined) throw new Error('no result');
  return result;
}

/** A Caddy with servers and routes of somebody else, a catch-all among them. */
function configOf(httpsPort: number, plainPort: number) {
  const says = (body: string) => [{ handler: 'static_response', body }];
  return {
    apps: {
      http: {
        https_port: httpsPort,
        servers: {
          site: {
            listen: [`127.0.0.1:${httpsPort}`],
            protocols: ['h1', 'h2'],
            automatic_https: { disable_redirects: true },
            routes: [
              { '@id': 'mine', match: [{ host: [FOREIGN] }], handle: says('not ours'), terminal: true },
              { handle: [{ handler: 'static_response', status_code: 421, body: 'nobody' }] },
            ],
          },
          plain: { routes: [{ handle: says('plain') }], listen: [`127.0.0.1:${plainPort}`] },
        },
      },
      tls: { automation: { policies: [{ issuers: [{ module: 'internal' }] }] } },
    },
  };
}

/** The whole configuration without the routes that are ours. */
async function foreignPart(caddy: TestCaddy): Promise<string> {
  const { body } = await caddy.ask('GET', '/config/');
  const config: unknown = JSON.parse(body, (_key, value: unknown) =>
    Array.isArray(value) ? value.filter((item) => !isOurs(item)) : value,
  );
  return JSON.stringify(config);
}

function isOurs(item: unknown): boolean {
  const id: unknown = typeof item === 'object' && item !== null && '@id' in item ? item['@id'] : undefined;
  return typeof id === 'string' && id.startsWith('octoporty:');
}

async function routesOf(caddy: TestCaddy): Promise<string> {
  return (await caddy.ask('GET', '/config/apps/http/servers/site/routes')).body;
}

/** Requests to the admin API that may have changed something. */
function writesOf(caddy: TestCaddy): number {
  return [...caddy.log().matchAll(/"msg":"received request","method":"(?:POST|PUT|PATCH|DELETE)"/g)].length;
}

/** Looked at twice without a change in between, and not written. */
async function untilQuiet(caddy: TestCaddy): Promise<void> {
  const reads = () => [...caddy.log().matchAll(/"msg":"received request","method":"GET"/g)].length;
  const [writes, seen] = [writesOf(caddy), reads()];
  await until('the gateway has looked again', () => reads() >= seen + 2, 15_000);
  if (writesOf(caddy) !== writes) await untilQuiet(caddy);
}
