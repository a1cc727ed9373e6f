// engine.io, what socket.io stands on, through a tunnel: long polling, the upgrade to a WebSocket, polling alone.

import { randomBytes } from 'node:crypto';
import { Agent, createServer } from 'node:http';
import { attach, type Socket as Peer } from 'engine.io';
import { Socket as Visitor } from 'engine.io-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { close, listen } from '../../support/httpOrigin.ts';
import { startRig, until, type Rig } from '../../support/rig.ts';

const NAME = 'engine.localhost';
const MESSAGES = 200;
const TURNS = 50;
const BIG_BYTES = 500_000;

const origin = createServer();
const engine = attach(origin, {});
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ maps: [`${NAME}=http://127.0.0.1:${await listen(origin)}`] });
});

afterAll(async () => {
  engine.close();
  await close(origin);
  await rig.stop();
});

test('a client starts by polling and upgrades to a WebSocket while messages run, and none is lost', async () => {
  const { visitor, peer } = await open(['polling', 'websocket']);
  peer.on('message', (data: string) => void peer.send(data));
  const sent = Array.from({ length: MESSAGES }, (_, n) => String(n));
  const [before, after] = [sent.slice(0, MESSAGES / 2), sent.slice(MESSAGES / 2)];
  const received: unknown[] = [];
  visitor.on('message', (data) => received.push(data));
  expect([visitor.transport.name, peer.transport.name]).toEqual(['polling', 'polling']);
  for (const message of before) visitor.send(message);
  await until('the client has upgraded', () => visitor.transport.name === 'websocket');
  for (const message of after) visitor.send(message);
  await until('every message is back', () => received.length >= MESSAGES);
  expect(received).toEqual(sent);
  expect(peer.transport.name).toBe('websocket');
  visitor.close();
  await until('the origin knows that the client has left', () => peer.readyState === 'closed');
});

test('a client that only polls gets each message when it is sent', async () => {
  const { visitor, peer } = await open(['polling']);
  visitor.on('message', (data) => void visitor.send(data));
  for (let turn = 0; turn < TURNS; turn += 1) {
    const answered = messageAt(peer);
    peer.send(`turn ${turn}`);
    expect(await answered).toBe(`turn ${turn}`);
  }
  const big = randomBytes(BIG_BYTES);
  const answered = messageAt(peer);
  peer.send(big);
  expect(big.equals(bytesOf(await answered))).toBe(true);
  expect([visitor.transport.name, peer.transport.name]).toEqual(['polling', 'polling']);
  visitor.close();
  await until('the origin knows that the client has left', () => peer.readyState === 'closed');
});

async function open(transports: ('polling' | 'websocket')[]): Promise<{ visitor: Visitor; peer: Peer }> {
  const arrived = new Promise<Peer>((resolve) => {
    engine.once('connection', (peer: Peer) => resolve(peer));
  });
  const visitor = new Visitor(`ws://${NAME}:${rig.gatewayPort}`, { ...throughLoopback(), transports });
  await new Promise((resolve, reject) => {
    visitor.on('open', () => resolve(undefined));
    visitor.on('error', reject);
  });
  return { visitor, peer: await arrived };
}

/** The client's types leave out that an agent may be an object, as Node's own. */
function throughLoopback(): object {
  const agent = new Agent({
    keepAlive: true,
    lookup: (_name, { all = false }, found) => {
      if (all) found(null, [{ address: '127.0.0.1', family: 4 }]);
      else found(null, '127.0.0.1', 4);
    },
  });
  return { agent };
}

function messageAt(peer: Peer): Promise<unknown> {
  return new Promise((resolve) => {
    peer.once('message', (data: unknown) => resolve(data));
  });
}

function bytesOf(message: unknown): Buffer {
  if (!Buffer.isBuffer(message)) throw new Error('not bytes');
  return message;
}
