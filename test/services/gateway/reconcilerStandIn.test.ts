// Owns the tests of the reconciler before what is no good Caddy: one that is too old, one that is none, one that hangs.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../support/rig.ts';
import { reconciling, routeOf } from './reconcilerStage.ts';

test('a Caddy that is too old is refused with a clear word, and tried again', async () => {
  let writes = 0;
  const adminUrl = await standIn((request, response) => {
    if (request.method === 'GET') {
      response.setHeader('Etag', '"/config/ 0"').end('{}');
      return;
    }
    writes += 1;
    response.writeHead(500, { 'Content-Type': 'application/json' }).end(ANSWER_OF_2_6_2);
  });
  const { reconciler, book } = reconciling({ adminUrl, names: ['a'] });
  await until('it was tried again', () => writes > 1);
  const reason = 'This Caddy is too old: Octoporty needs 2.8 or newer.';
  expect(reconciler.status).toMatchObject({ state: 'failing', applied: 0, lastError: reason });
  expect(book.standingOf(routeOf('a'))).toEqual({ state: 'failed', reason });
});

test('what is no Caddy is told as that', async () => {
  const adminUrl = await standIn((_, response) => void response.end('hello'));
  const { reconciler } = reconciling({ adminUrl, names: ['a'] });
  await until('it failed', () => reconciler.status.lastError !== null);
  expect(reconciler.status.lastError).toMatch(/^What answers is not the admin API of Caddy/);
});

test('a gateway that stops while Caddy hangs leaves no question open', async () => {
  const open = new Set<object>();
  const adminUrl = await standIn((_, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
  });
  const { reconciler } = reconciling({ adminUrl, names: ['a'], readMs: 60_000 });
  await until('Caddy is asked', () => open.size === 1);
  reconciler.stop();
  await until('nothing is asked any more', () => open.size === 0);
});

/** As Caddy 2.6.2 says it of a route of ours. */
const ANSWER_OF_2_6_2 = JSON.stringify({
  error:
    'loading config: loading new config: loading http app module: provision http: server octoporty_443: setting up route handlers: route 0: loading handler modules: position 0: loading module \'reverse_proxy\': decoding module config: http.handlers.reverse_proxy: json: unknown field "stream_close_delay"',
});

async function standIn(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  // A TCP server's address has a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
