// Owns the tests of the agent's HTTP side: who may ask for it, and what is logged of a request that fails.

import { expect, onTestFinished, test } from 'vitest';
import { startAgentApi } from '../../../services/agent/api.ts';
import { STATUS_PAGE_POLICY } from '../../../services/agent/statusPage.ts';
import { get } from '../../support/rig.ts';

test.each([
  ['127.0.0.1', 200],
  ['[::1]:5080', 200],
  ['localhost:5080', 200],
  ['agent.localhost', 200],
  ['nas.example', 200],
  ['evil.example', 421],
  ['nas.example.evil.example', 421],
])('asked for as %s it answers %d: a foreign name may lead here from any web page', async (host, status) => {
  const { ask } = await agentApi();
  expect([await ask(host, '/health'), await ask(host, '/')]).toEqual([status, status]);
});

test('a fault of ours is logged as an error, a refusal is not', async () => {
  const { ask, logged } = await agentApi(() => {
    throw new Error('the status cannot be read');
  });
  expect(await ask('evil.example', '/')).toBe(421);
  expect(logged).toEqual(['debug']);
  expect(await ask('localhost', '/')).toBe(500);
  expect(logged).toEqual(['debug', 'error']);
});

test.each([
  ['localhost', '/', 200],
  ['localhost', '/nothing', 404],
  ['evil.example', '/', 421],
  ['localhost', '/', 500],
])('%s%s is answered %d with the headers that keep a page harmless', async (host, path, status) => {
  const { answer } = await agentApi(() => {
    if (status === 500) throw new Error('the status cannot be read');
  });
  const { headers, body, status: answered } = await answer(host, path);
  expect(answered).toBe(status);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': STATUS_PAGE_POLICY,
  });
  if (status !== 200) expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(body).not.toContain('the status cannot be read');
});

async function agentApi(onStatus: () => void = () => {}) {
  const logged: string[] = [];
  const note = (level: string) => () => void logged.push(level);
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const server = await startAgentApi({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: ['nas.example'],
    log: { ...log, child: () => ({ ...log, child: () => expect.unreachable() }) },
    checks: () => ({ database: 'ok', tunnel: 'online.lively', isOnline: true }),
    status: () => {
      onStatus();
      return {
        state: 'online.lively',
        since: '2026-01-01T00:00:00.000Z',
        lastError: null,
        gatewayUrl: 'wss://tunnel.example',
        gatewayVersion: null,
        version: '1.0.0',
        mappings: [],
      };
    },
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const { port } = address;
  const answer = (host: string, path: string) => get(port, host, path);
  const ask = async (host: string, path: string): Promise<number> => (await answer(host, path)).status;
  return { ask, answer, logged };
}
