// Owns the tests of what a failed listen says: the variable that chose the address, and what to do.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { isPortTaken, listenProblem } from '../../services/ports.ts';

const SETTING = { portVariable: 'THE_PORT', hostVariable: 'THE_HOST' };

async function failureOf(host: string, port: number): Promise<unknown> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen({ host, port });
  const [error] = await once(server, 'error');
  return error;
}

test.each([
  ['an address of another machine', '192.0.2.77'],
  ['a name that is none', 'no-such-host.invalid'],
  ['an address of an interface that is not there', 'fe80::1%nope'],
  ['a link-local address without its interface', 'fe80::1'],
])('%s is told by the variable of the host', async (_what, host) => {
  const error = await failureOf(host, 0);
  expect(isPortTaken(error)).toBe(false);
  expect(listenProblem(error, SETTING)).toBe(
    'This machine has no such address to listen on: correct THE_HOST.',
  );
});

test('a taken port is told by the variable of the port', async () => {
  const first = createServer();
  onTestFinished(() => void first.close());
  first.listen(0, '127.0.0.1');
  await once(first, 'listening');
  const address = first.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const error = await failureOf('127.0.0.1', address.port);
  expect(isPortTaken(error)).toBe(true);
  expect(listenProblem(error, SETTING)).toMatch(/^Port \d+ is taken: .* with THE_PORT\.$/);
});

test('what has nothing to do with listening is not explained as if it had', () => {
  expect(listenProblem(new Error('something else'), SETTING)).toBeNull();
});
