// A whole tunnel of real processes, driven by raw bytes from both ends.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { RawClient, exchangeRaw, valuesIn } from '../support/rawClient.ts';
import { closedPort, openRawOrigin, type RawOrigin } from '../support/rawOrigin.ts';
import { get, startRig, until, type Rig } from '../support/rig.ts';

const RAW = 'raw.localhost';
const WEB = 'web.localhost';
const DEAD = 'dead.localhost';
const BULK_BYTES = 20_000_000;
/** More than all streams of a tunnel may have under way together. */
const STALLED_BYTES = 100_000_000;

let rig: Rig;
let origin: RawOrigin;
let web: Server;

beforeAll(async () => {
  origin = await openRawOrigin();
  web = openWeb();
  await once(web, 'listening');
  rig = await startRig({
    maps: [
      `${RAW}=http://127.0.0.1:${origin.port}`,
      `${WEB}=http://127.0.0.1:${portOf(web)}`,
      `${DEAD}=http://127.0.0.1:${await closedPort()}`,
    ],
    env: { OCTOPORTY_LOG_LEVEL: 'warn' },
  });
});

afterAll(async () => {
  await rig.stop();
  await origin.close();
  web.closeAllConnections();
  web.close();
  await once(web, 'close');
});

test('a request arrives at the origin as the visitor sent it, and the answer comes back as sent', async () => {
  const visitor = await RawClient.connect(rig.gatewayPort);
  visitor.send(`GET /a%2Fb//c/../d;e?f=?g HTTP/1.1\r\nHost: ${RAW}\r\nX-B: 1\r\nx-a: \xe9\r\nX-B: 2\r\n\r\n`);
  const peer = await origin.accept();
  const head = await peer.head();
  expect(head).toContain('GET /a%2Fb//c/../d;e?f=?g HTTP/1.1\r\n');
  expect(head).toContain(`Host: ${RAW}\r\nX-B: 1\r\nx-a: \xe9\r\nX-B: 2\r\n`);
  expect(head).toContain('X-Forwarded-For: 127.0.0.1\r\n');
  peer.send(
    'HTTP/1.1 299 Sure\r\nConnection: close\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 2\r\n\r\nok',
  );
  const answer = await visitor.answer();
  expect(answer.status).toBe(299);
  expect(valuesIn(answer, 'set-cookie')).toEqual(['a=1', 'b=2']);
  expect(answer.body).toBe('ok');
  visitor.close();
});

test('body bytes leave when they arrive, in both directions', async () => {
  const visitor = await RawClient.connect(rig.gatewayPort);
  visitor.send(`POST / HTTP/1.1\r\nHost: ${RAW}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n`);
  const peer = await origin.accept();
  await peer.through('3\r\none\r\n');
  peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nuno\r\n');
  await visitor.until(() => visitor.bytes.includes('uno'));
  visitor.send('3\r\ntwo\r\n0\r\n\r\n');
  await peer.through('3\r\ntwo\r\n0\r\n\r\n');
  peer.send('3\r\ndos\r\n0\r\nX-Sum: 42\r\n\r\n');
  await visitor.until(() => visitor.bytes.includes('X-Sum: 42\r\n\r\n'));
  visitor.close();
});

test('an answer that the origin cuts never looks complete', async () => {
  for (const head of ['Content-Length: 100\r\n\r\nhalf', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n']) {
    const visitor = await RawClient.connect(rig.gatewayPort);
    visitor.send(`GET / HTTP/1.1\r\nHost: ${RAW}\r\n\r\n`);
    const peer = await origin.accept();
    await peer.head();
    peer.send(`HTTP/1.1 200 OK\r\n${head}`);
    await visitor.until(() => visitor.bytes.includes('half'));
    peer.reset();
    const { bytes } = await visitor.rest();
    expect(bytes).toMatch(/half(\r\n)?$/);
  }
});

test('what an origin says of codings, redirects and cookies is told to the visitor, and nobody acts on it', async () => {
  const visitor = await RawClient.connect(rig.gatewayPort);
  visitor.send(`GET /first HTTP/1.1\r\nHost: ${RAW}\r\nAccept-Encoding: br;q=0, *\r\n\r\n`);
  const first = await origin.accept();
  expect(await first.head()).toContain('\r\nAccept-Encoding: br;q=0, *\r\n');
  const body = gzipSync('packed by the origin').toString('latin1');
  const lines = [
    'HTTP/1.1 302 Elsewhere',
    `Location: http://${RAW}:${origin.port}/second`,
    'Set-Cookie: a=1; Domain=other.example; Path=/',
    'Content-Encoding: gzip',
    `Content-Length: ${body.length}`,
  ].join('\r\n');
  first.send(`${lines}\r\nConnection: close\r\n\r\n${body}`);
  expect(await visitor.answer()).toMatchObject({ head: lines, body });
  // Nobody went there before the visitor does, and nobody kept the cookie.
  visitor.send(`GET /third HTTP/1.1\r\nHost: ${RAW}\r\n\r\n`);
  const second = await origin.accept();
  expect(await second.head()).toMatch(/^GET \/third (?![^]*cookie)/i);
  second.send('HTTP/1.1 204 Nothing\r\nConnection: close\r\n\r\n');
  expect((await visitor.answer()).status).toBe(204);
  visitor.close();
});

test('an upgrade to any protocol passes both ways, the first bytes and each half-close included', async () => {
  for (const isVisitorFirst of [true, false]) {
    const visitor = await RawClient.connect(rig.gatewayPort);
    visitor.send(
      `GET /up HTTP/1.1\r\nHost: ${RAW}\r\nConnection: Upgrade\r\nUpgrade: made-up/7\r\n\r\nearly \0\xff`,
    );
    const peer = await origin.accept();
    expect(await peer.head()).toContain('\r\nUpgrade: made-up/7\r\n');
    peer.send('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: made-up/7\r\n\r\nfirst \xff\0');
    expect(await visitor.head()).toMatch(/^HTTP\/1\.1 101 Go\r\n[^]*Upgrade: made-up\/7$/m);
    expect(await visitor.exactly(8)).toBe('first \xff\0');
    expect(await peer.bytes(8)).toBe('early \0\xff');
    if (isVisitorFirst) {
      visitor.send('last').halfClose();
      expect(await peer.rest()).toBe('last');
      peer.send('but answered');
      peer.end();
      expect(await visitor.rest()).toEqual({ bytes: 'but answered', ending: 'fin' });
    } else {
      peer.send('last');
      peer.end();
      expect(await visitor.rest()).toEqual({ bytes: 'last', ending: 'fin' });
      visitor.send('but answered').halfClose();
      expect(await peer.rest()).toBe('but answered');
    }
    await peer.gone();
    visitor.close();
  }
});

test('a connection that the origin has given up is no visitor’s error, and none of a request that may not be repeated', async () => {
  const ask = async (method: string) => {
    const visitor = await RawClient.connect(rig.gatewayPort);
    return visitor.send(`${method} / HTTP/1.1\r\nHost: ${RAW}\r\n\r\n`);
  };
  const first = await ask('GET');
  const kept = await origin.accept();
  await kept.head();
  kept.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  expect((await first.answer()).status).toBe(200);

  const post = await ask('POST');
  const own = await origin.accept();
  expect(await own.head()).toMatch(/^POST /);
  own.send('HTTP/1.1 204 Nothing\r\n\r\n');
  expect((await post.answer()).status).toBe(204);

  const second = await ask('GET');
  expect(await kept.head()).toMatch(/^GET /);
  kept.end();
  const fresh = await origin.accept();
  expect(await fresh.head()).toMatch(/^GET /);
  fresh.send('HTTP/1.1 204 Nothing\r\nConnection: close\r\n\r\n');
  expect((await second.answer()).status).toBe(204);
  for (const visitor of [first, post, second]) visitor.close();
});

test('a visitor who leaves ends the request at the origin within a second', async () => {
  const visitor = await RawClient.connect(rig.gatewayPort);
  visitor.send(`GET / HTTP/1.1\r\nHost: ${RAW}\r\n\r\n`);
  const peer = await origin.accept();
  await peer.head();
  const leftMs = performance.now();
  visitor.close();
  await peer.left();
  expect(performance.now() - leftMs).toBeLessThan(1_000);
});

test('a service that is not running is told as 502, with its code and nothing internal', async () => {
  const { bytes } = await exchangeRaw(
    rig.gatewayPort,
    `GET / HTTP/1.1\r\nHost: ${DEAD}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
  );
  expect(bytes).toMatch(/^HTTP\/1\.1 502 /);
  expect(bytes).toMatch(/\r\nx-octoporty-error: origin_refused\r\n/i);
  expect(bytes).not.toContain('127.0.0.1');
});

test('an unknown name is told as 404, and the gateway keeps its own paths there', async () => {
  expect((await get(rig.gatewayPort, 'nobody.localhost')).status).toBe(404);
  expect((await get(rig.gatewayPort, 'nobody.localhost', '/health')).status).toBe(200);
  const status: unknown = JSON.parse((await get(rig.gatewayPort, 'nobody.localhost', '/api/v1/status')).body);
  expect(status).toMatchObject({ status: 'ok', agents: 1, tunnels: 1 });
});

test('an agent of an unknown version is told so, and its connection does not stay', async () => {
  const stranger = await RawClient.connect(rig.gatewayPort);
  stranger.send(
    'GET /tunnel HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: octoporty.v0\r\n\r\n',
  );
  const answer = await stranger.answer();
  expect([answer.status, answer.body]).toEqual([426, expect.stringContaining('octoporty.v1')]);
  await stranger.rest();
  // It keeps its own half open: what it says now meets a connection that is gone.
  await until('the connection is gone', () => stranger.send('still here').ended === 'reset');
  stranger.close();
});

test('many megabytes go up to the last byte', async () => {
  const body = randomBytes(BULK_BYTES);
  const visitor = await RawClient.connect(rig.gatewayPort);
  visitor.send(`POST /digest HTTP/1.1\r\nHost: ${WEB}\r\nContent-Length: ${body.length}\r\n\r\n`);
  visitor.send(body);
  const digest = createHash('sha256').update(body).digest('hex');
  expect((await visitor.answer()).body).toBe(digest);
  visitor.close();
});

test('a slow origin, a slow visitor and an endless stream hold nobody else up', async () => {
  const [uploader, slow, reader] = [
    await RawClient.connect(rig.gatewayPort),
    await RawClient.connect(rig.gatewayPort),
    await RawClient.connect(rig.gatewayPort),
  ];
  uploader.send(`PUT / HTTP/1.1\r\nHost: ${RAW}\r\nContent-Length: ${STALLED_BYTES}\r\n\r\n`);
  const taker = await origin.accept();
  await taker.head();
  taker.pause();
  uploader.send(Buffer.alloc(STALLED_BYTES));

  slow.send(`GET /bulk HTTP/1.1\r\nHost: ${RAW}\r\n\r\n`);
  const giver = await origin.accept();
  await giver.head();
  giver.send(`HTTP/1.1 200 OK\r\nContent-Length: ${STALLED_BYTES}\r\n\r\n`);
  await slow.head();
  slow.pause();
  giver.send(Buffer.alloc(STALLED_BYTES));

  reader.send(`GET /endless HTTP/1.1\r\nHost: ${RAW}\r\n\r\n`);
  const talker = await origin.accept();
  await talker.head();
  talker.send('HTTP/1.1 200 OK\r\n\r\n');
  let isOver = false;
  const talk = async () => {
    while (!isOver && !talker.hasLeft) {
      talker.send(Buffer.alloc(16 * 1024, 'x'));
      await talker.taken();
    }
  };
  const talked = talk();
  await reader.until(() => reader.bytes.length > 100_000);

  for (let n = 0; n < 10; n += 1) expect((await get(rig.gatewayPort, WEB)).status).toBe(200);
  isOver = true;
  for (const visitor of [uploader, slow, reader]) visitor.close();
  for (const peer of [taker, giver, talker]) peer.reset();
  await talked;
});

test('a WebSocket lives through the tunnel, its messages and its close code included', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${rig.gatewayPort}/echo`, { headers: { host: WEB } });
  await once(socket, 'open');
  socket.send('over and back');
  const [message] = await once(socket, 'message');
  expect(String(message)).toBe('over and back');
  socket.close(4001, 'enough');
  const [code] = await once(socket, 'close');
  expect(code).toBe(4001);
});

/** `/digest` answers with the digest of the body; any upgrade is a WebSocket echo. */
function openWeb(): Server {
  const server = createServer((asked, response) => {
    const hash = createHash('sha256');
    asked.on('data', (chunk: Buffer) => hash.update(chunk));
    asked.on('end', () => response.end(hash.digest('hex')));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  });
  return server.listen(0, '127.0.0.1');
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
