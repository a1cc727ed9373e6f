// Owns the tests of the gateway's own endpoints where they fail.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createGatewayApi } from '../../../services/gateway/api.ts';
import { get } from '../../support/rig.ts';

test('a fault of ours is logged, and told without its cause and with the headers of every answer', async () => {
  const logged: unknown[] = [];
  const cause = new Error('the directory cannot be counted');
  const silent = { debug: () => {}, info: () => {}, warn: () => {} };
  const log = { ...silent, error: (fields: object) => void logged.push(fields) };
  const answer = createGatewayApi({
    version: '1.0.0',
    log: { ...log, child: () => expect.unreachable() },
    uptimeSeconds: () => 1,
    counts: () => {
      throw cause;
    },
    statusToken: null,
    machines: () => [],
    relays: () => [],
  });
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const { status, headers, body } = await get(address.port, 'gateway.example', '/api/v1/status');
  expect(status).toBe(500);
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  expect(body).not.toContain(cause.message);
  expect(logged).toEqual([{ error: cause }]);
});
