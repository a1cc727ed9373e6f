// SQL Servers that refuse, vanish or hang, met through the real driver over real sockets.

import { once } from 'node:events';
import { createServer } from 'node:net';

import { expect, it, onTestFinished } from 'vitest';

import { createStoreOn } from '../../../services/agent/store/localStore.ts';
import { mssqlDatabase } from '../../../services/agent/store/mssqlDatabase.ts';
import type { Store } from '../../../services/agent/store/store.ts';
import { expectStoreError } from './contract.ts';
import { tdsEndpoint, type Step } from './tdsEndpoint.ts';
import { testSource } from './tempStore.ts';

const CONNECT_TIMEOUT_MS = 400;
const QUERY_TIMEOUT_MS = 400;
/** What an attempt may take beyond its timeouts: the driver loads, and gives a late statement 2 s to be taken back. */
const SPARE_MS = 4000;

const PATIENCE = { timeout: 5000 };

it('a port where nobody listens makes the database unavailable at once, and may be tried again', async () => {
  const store = storeAt(await closedPort());
  await expectStoreError(store.open(), 'unavailable', /ECONNREFUSED/);
  await expectStoreError(store.open(), 'unavailable', /ECONNREFUSED/);
});

it.each<[Step, 'silent' | 'away']>([
  ['connection', 'away'],
  ['connection', 'silent'],
  ['prelogin', 'away'],
  ['login', 'away'],
  ['login', 'silent'],
  ['settings', 'away'],
  ['statement', 'away'],
  ['statement', 'silent'],
])('a server that at the %s goes %s is unavailable in time, and keeps no socket', async (step, how) => {
  const endpoint = await tdsEndpoint();
  endpoint.failAt(step, how);
  const store = storeAt(endpoint.port);
  for (const attempt of [1, 2]) {
    const startedMs = performance.now();
    await expectStoreError(store.open(), 'unavailable');
    expect(performance.now() - startedMs).toBeLessThan(CONNECT_TIMEOUT_MS + QUERY_TIMEOUT_MS + SPARE_MS);
    await expect.poll(endpoint.counts, PATIENCE).toEqual({ taken: attempt, open: 0 });
  }
});

it('a store whose server hangs while it opens closes after the timeout', async () => {
  const endpoint = await tdsEndpoint();
  endpoint.failAt('connection', 'silent');
  const store = storeAt(endpoint.port);
  const opening = expectStoreError(store.open(), 'unavailable', /400ms/);
  await expect.poll(endpoint.counts, PATIENCE).toEqual({ taken: 1, open: 1 });
  await store.close();
  await opening;
  await expect.poll(endpoint.counts, PATIENCE).toEqual({ taken: 1, open: 0 });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  await once(server.close(), 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function storeAt(port: number): Store {
  const target = {
    kind: 'mssql',
    server: '127.0.0.1',
    port,
    instanceName: null,
    database: 'octoporty',
    user: 'agent',
    password: 'secret',
    encrypt: false,
    trustServerCertificate: false,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  } as const;
  const options = { queryTimeoutMs: QUERY_TIMEOUT_MS };
  const { store } = createStoreOn(mssqlDatabase(target, { info: () => {} }, options), testSource());
  onTestFinished(() => store.close());
  return store;
}
