// Owns the tests of the real wire that need no peer of ours: what every wire promises is tested by its contract.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { WireHandler } from '../../protocol/wire.ts';
import { WIRE_OPTIONS, wireOf } from '../../services/wire.ts';
import { until } from '../support/rig.ts';

const SILENT: WireHandler & { onOpened(): void } = {
  onOpened() {},
  onBinary() {},
  onText() {},
  onDrained() {},
  onClosed() {},
};

/** The head of a binary message of 1,000 bytes (RFC 6455 §5.2), and the first three of them. */
const BEGUN = Buffer.from([0x82, 126, 0x03, 0xe8, 1, 2, 3]);
/** The same from the end that dialled, which masks: here with zeros. */
const BEGUN_MASKED = Buffer.from([0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0, 1, 2, 3]);

test('the end that dialled hears a message that has only begun', async () => {
  const { ours, theirs } = await pair();
  theirs.below.write(BEGUN);
  await until('its first bytes count', () => ours.wire.receivedBytes() === BEGUN.length);
});

test('the end that was dialled hears a message that has only begun', async () => {
  const { ours, theirs } = await pair();
  ours.below.write(BEGUN_MASKED);
  await until('its first bytes count', () => theirs.wire.receivedBytes() === BEGUN_MASKED.length);
});

async function pair() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upgrades = new WebSocketServer({ ...WIRE_OPTIONS, noServer: true });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const dialled = new WebSocket(`ws://127.0.0.1:${address.port}`, WIRE_OPTIONS);
  const ourWire = wireOf(dialled, SILENT);
  const switched: Promise<[IncomingMessage]> = once(dialled, 'upgrade').then(([response]) => [response]);
  const [request, below, first]: [IncomingMessage, Socket, Buffer] = await once(server, 'upgrade').then(
    ([asked, socket, head]) => [asked, socket, head],
  );
  const accepted = new Promise<WebSocket>((resolve) => {
    upgrades.handleUpgrade(request, below, first, resolve);
  });
  const theirWire = wireOf(await accepted, SILENT, below);
  const [{ socket: ourBelow }] = await switched;
  onTestFinished(() => {
    ourWire.terminate();
    theirWire.terminate();
    server.close();
  });
  return {
    ours: { wire: ourWire, below: ourBelow },
    theirs: { wire: theirWire, below },
  };
}
