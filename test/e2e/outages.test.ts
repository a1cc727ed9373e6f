// What the processes do when something is missing, killed or wrong: refused secrets, lost gateways, clean ends.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawClient } from '../support/rawClient.ts';
import { Service, freePort, get, startRig, until, type Rig } from '../support/rig.ts';

const HOST = 'app.localhost';

let web: Server;

beforeAll(async () => {
  web = createServer((asked, response) => {
    if (asked.url !== '/endless') response.end('hello');
    else response.write('begun');
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
});

afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await once(web, 'close');
});

test('a gateway that is killed and started again is found again within five seconds, and held requests succeed', async () => {
  const rig = await open();
  try {
    await rig.gateway.end('SIGKILL');
    const startMs = performance.now();
    rig.gateway.start();
    let first = '';
    await until('the gateway answers', async () => {
      try {
        first = (await get(rig.gatewayPort, HOST)).body;
        return true;
      } catch {
        return false;
      }
    });
    // The gateway knew no name yet: it held the request until the agent was back.
    expect(first).toBe('hello');
    expect(performance.now() - startMs).toBeLessThan(5_000);
  } finally {
    await rig.stop();
  }
});

test('an agent that is killed is missed with 503 after a short wait, and serves again once it is back', async () => {
  const rig = await open();
  try {
    await rig.agent.end('SIGKILL');
    const askedMs = performance.now();
    const { status, headers } = await get(rig.gatewayPort, HOST);
    expect([status, headers['x-octoporty-error'], headers['retry-after']]).toEqual([
      503,
      'tunnel_offline',
      '5',
    ]);
    expect(performance.now() - askedMs).toBeGreaterThan(4_500);
    rig.agent.start();
    // One after the other is held: on a busy machine the start takes longer than the first one waits.
    await until('one is answered', async () => (await get(rig.gatewayPort, HOST)).body === 'hello');
  } finally {
    await rig.stop();
  }
});

test('a wrong secret is rejected and said in words, and the agent does not spin', async () => {
  const rig = await open();
  try {
    await rig.agent.end('SIGTERM');
    const stranger = rig.agent.withEnvironment({
      OCTOPORTY_AUTH_SECRET: 'another secret that is long enough too',
    });
    stranger.start();
    try {
      await until('the agent says so', () =>
        stranger.output.includes('set the same OCTOPORTY_AUTH_SECRET on both sides'),
      );
      await until('the gateway says so', () => rig.gateway.output.includes('An agent was refused'));
      const health = await get(rig.uiPort, 'localhost', '/health');
      expect(JSON.parse(health.body)).toEqual({
        status: 'degraded',
        checks: { database: 'ok', tunnel: 'rejected' },
      });
    } finally {
      await stranger.end('SIGTERM');
    }
  } finally {
    await rig.stop();
  }
});

test('a stranger who sends more than a handshake takes is cut off, and the gateway does not swell', async () => {
  const rig = await open();
  try {
    const before = rig.gateway.rssBytes();
    const strangers = Array.from({ length: 50 }, () => sendEndlessMessage(rig.gatewayPort));
    const sent = await Promise.all(strangers);
    // What the kernel's buffers took is no longer in the gateway.
    expect(Math.max(...sent)).toBeLessThan(8 * 1024 * 1024);
    expect(rig.gateway.rssBytes() - before).toBeLessThan(64 * 1024 * 1024);
    expect((await get(rig.gatewayPort, HOST)).body).toBe('hello');
  } finally {
    await rig.stop();
  }
});

test('`up` ends within two seconds of SIGTERM, with code 0, an endless stream notwithstanding', async () => {
  const [gatewayPort, uiPort] = [await freePort(), await freePort()];
  const dataDir = mkdtempSync(join(tmpdir(), 'octoporty-up-'));
  const address = web.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const up = new Service('up', ['up', '--no-demo', '--map', `${HOST}=http://127.0.0.1:${address.port}`], {
    OCTOPORTY_LISTEN_PORT: String(gatewayPort),
    OCTOPORTY_UI_PORT: String(uiPort),
    OCTOPORTY_DATA_DIR: dataDir,
  });
  up.start();
  await until('the banner is shown', () => up.output.includes('curl'));
  const visitor = await RawClient.connect(gatewayPort);
  visitor.send(`GET /endless HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await visitor.until(() => visitor.bytes.includes('begun'));
  const startMs = performance.now();
  expect(await up.end('SIGTERM')).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(2_000);
  expect((await visitor.rest()).bytes).not.toContain('0\r\n\r\n');
  rmSync(dataDir, { recursive: true, force: true });
});

function open(): Promise<Rig> {
  const address = web.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return startRig({ maps: [`${HOST}=http://127.0.0.1:${address.port}`] });
}

/** Opens a wire and sends one text message of 8 MiB that never ends; the bytes that went out before it was cut off. */
async function sendEndlessMessage(port: number): Promise<number> {
  const stranger = await RawClient.connect(port);
  stranger.send(
    `GET /tunnel HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: octoporty.v1\r\n\r\n`,
  );
  await stranger.head();
  const header = Buffer.alloc(14);
  header.writeUInt8(0x81, 0);
  header.writeUInt8(0xff, 1);
  header.writeBigUInt64BE(BigInt(8 * 1024 * 1024), 2);
  stranger.send(header);
  const piece = Buffer.alloc(64 * 1024);
  let sent = 0;
  while (stranger.ended === null && sent < 8 * 1024 * 1024 - piece.length) {
    stranger.send(piece);
    sent += piece.length;
    await new Promise(setImmediate);
  }
  await stranger.until(() => stranger.ended !== null);
  return sent;
}
