// The WebSocket library that most Node programs use, with compression and fragments, through a tunnel.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { close, listen } from '../../support/httpOrigin.ts';
import { startRig, type Rig } from '../../support/rig.ts';

const NAME = 'socket.localhost';
const BIG_BYTES = 8_000_000;
const COMPRESSION = { threshold: 0 };

/** Both ends of one WebSocket, and the connection that the origin has for it. */
interface Pair {
  readonly visitor: WebSocket;
  readonly peer: WebSocket;
  readonly wire: Socket;
}

const origin = createServer();
const sockets = new WebSocketServer({ server: origin, perMessageDeflate: COMPRESSION });
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ maps: [`${NAME}=http://127.0.0.1:${await listen(origin)}`] });
});

afterAll(async () => {
  for (const socket of sockets.clients) socket.terminate();
  await close(origin);
  await rig.stop();
});

test('big messages pass both ways, and what was compressed stays compressed', async () => {
  const { visitor, peer, wire } = await open();
  expect(visitor.extensions).toContain('permessage-deflate');
  const text = 'over and back, '.repeat(BIG_BYTES / 15);
  visitor.send(text);
  expect(String(await messageAt(peer)) === text).toBe(true);
  expect(wire.bytesRead).toBeLessThan(text.length / 100);
  peer.send(text);
  expect(String(await messageAt(visitor)) === text).toBe(true);
  expect(wire.bytesWritten).toBeLessThan(text.length / 100);
  visitor.terminate();
});

test('bytes that do not compress pass both ways at once, to the last one', async () => {
  const { visitor, peer } = await open();
  const [up, down] = [randomBytes(BIG_BYTES), randomBytes(BIG_BYTES)];
  visitor.send(up);
  peer.send(down);
  const [arrivedUp, arrivedDown] = await Promise.all([messageAt(peer), messageAt(visitor)]);
  expect([arrivedUp.equals(up), arrivedDown.equals(down)]).toEqual([true, true]);
  visitor.terminate();
});

test('fragments pass as they are sent: a ping between two is answered before the message is whole', async () => {
  const { visitor, peer } = await open();
  for (const [sender, receiver] of [
    [visitor, peer],
    [peer, visitor],
  ] as const) {
    let isWhole = false;
    const message = messageAt(receiver);
    void message.then(() => (isWhole = true));
    for (const part of ['in ', 'three ']) {
      const answered = once(sender, 'pong');
      sender.send(part, { fin: false });
      sender.ping();
      await answered;
      expect(isWhole).toBe(false);
    }
    sender.send('parts', { fin: true });
    expect(String(await message)).toBe('in three parts');
  }
  visitor.terminate();
});

test('whoever closes, the other side gets the code and the reason', async () => {
  for (const closer of ['visitor', 'peer'] as const) {
    const pair = await open();
    const ends = Promise.all([closedAt(pair.visitor), closedAt(pair.peer)]);
    pair[closer].close(4001, 'enough for today');
    expect(await ends).toEqual([
      [4001, 'enough for today'],
      [4001, 'enough for today'],
    ]);
  }
});

test('whoever breaks off, the other side sees a connection that broke, not one that was closed', async () => {
  for (const [leaver, other] of [
    ['visitor', 'peer'],
    ['peer', 'visitor'],
  ] as const) {
    const pair = await open();
    const end = closedAt(pair[other]);
    pair[leaver].terminate();
    expect(await end).toEqual([1006, '']);
  }
});

async function open(): Promise<Pair> {
  const arrived = new Promise<Omit<Pair, 'visitor'>>((resolve) => {
    sockets.once('connection', (peer, asked) => resolve({ peer, wire: asked.socket }));
  });
  const visitor = new WebSocket(`ws://127.0.0.1:${rig.gatewayPort}/`, {
    headers: { host: NAME },
    perMessageDeflate: COMPRESSION,
  });
  await once(visitor, 'open');
  return { visitor, ...(await arrived) };
}

function messageAt(socket: WebSocket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once('message', (data: Buffer) => resolve(data));
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
  });
}

/** The code and the reason of its end. */
function closedAt(socket: WebSocket): Promise<[number, string]> {
  return new Promise((resolve) => {
    socket.once('close', (code, reason) => resolve([code, reason.toString()]));
  });
}
