// Owns the tests of the dial: what the agent makes of a gateway that does not take it as it should.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { describeError, type ErrorCode } from '../../../protocol/errors.ts';
import { createDialer } from '../../../services/agent/dialer.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { closedPort, openRawOrigin } from '../../support/rawOrigin.ts';

it.each([
  [426, 'version_mismatch'],
  [404, 'not_a_gateway'],
  [200, 'not_a_gateway'],
  [407, 'not_a_gateway'],
  [429, 'dial_failed'],
  [502, 'dial_failed'],
] as const)('takes status %i for %s', async (status, code) => {
  const server = createServer((_request, response) => response.writeHead(status).end());
  const port = await listen(server);
  onTestFinished(() => close(server));
  expect(await failedDial(port)).toEqual([code, `status ${status}`]);
});

it('tells a gateway of another major in words that say what to do, and does not hurry to ask again', () => {
  const { says, retryable } = describeError('version_mismatch');
  expect(says).toContain('speak different protocol versions: bring both to the same release');
  expect(retryable).toBe(false);
});

it.each([
  ['octoporty.v2', 'version_mismatch'],
  [false, 'not_a_gateway'],
] as const)('takes a gateway that selects the protocol %s for %s', async (selected, code) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => selected });
  onTestFinished(() => server.close());
  server.on('connection', (socket) => socket.on('error', () => {}));
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  expect((await failedDial(address.port))[0]).toBe(code);
});

it('takes a port that nobody listens on for a gateway that is away', async () => {
  expect(await failedDial(await closedPort())).toEqual([
    'dial_failed',
    expect.stringContaining('ECONNREFUSED'),
  ]);
});

it('leaves a proxy that does not answer as soon as the dial is given up', async () => {
  const proxy = await openRawOrigin();
  onTestFinished(() => proxy.close());
  const proxyUrl = `http://127.0.0.1:${proxy.port}`;
  const dialer = createDialer({ gatewayUrl: 'wss://tunnel.example.com/tunnel', caFile: null, proxyUrl });
  const closed = Promise.withResolvers<ErrorCode>();
  const wire = dialer.dial({ ...SILENT, onOpened: () => {}, onClosed: closed.resolve });
  const peer = await proxy.accept();
  await peer.head();
  wire.terminate();
  await peer.left();
  expect(await closed.promise).toBe('dial_failed');
  // Well before the deadline that ends it otherwise.
}, 5_000);

const SILENT = { onText: () => {}, onBinary: () => {}, onDrained: () => {} };

function failedDial(port: number): Promise<[ErrorCode, string]> {
  const dialer = createDialer({ gatewayUrl: `ws://127.0.0.1:${port}/tunnel`, caFile: null, proxyUrl: null });
  return new Promise((resolve, reject) => {
    dialer.dial({
      onOpened: () => reject(new Error('it was taken')),
      ...SILENT,
      onClosed: (code, detail) => resolve([code, detail]),
    });
  });
}
