// Owns the test of the agent's API as a whole: real processes, asked as its own document says.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, type RawData } from 'ws';
import { z } from 'zod';
import { hubMessageSchema, type HubMessage } from '../../protocol/api/hub.ts';
import { machineListSchema } from '../../protocol/api/machines.ts';
import { mappingViewSchema } from '../../protocol/api/mappings.ts';
import { openRawOrigin, type RawOrigin } from '../support/rawOrigin.ts';
import { get, startRig, until, type Rig } from '../support/rig.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const PASSWORD = 'a password for tests';
const loggedInSchema = z.object({ token: z.string() });
const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ security: z.array(z.unknown()).optional() }))),
});

let rig: Rig;
let origin: RawOrigin;
let bearer: Record<string, string>;

beforeAll(async () => {
  origin = await openRawOrigin();
  rig = await startRig({ maps: [], env: { OCTOPORTY_LOG_LEVEL: 'warn' } });
  const login = await ask('POST', '/api/v1/auth/login', {}, { username: 'admin', password: PASSWORD });
  bearer = { authorization: `Bearer ${loggedInSchema.parse(await login.json()).token}` };
});

afterAll(async () => {
  await rig.stop();
  await origin.close();
});

function ask(method: string, path: string, headers: Record<string, string>, body?: unknown) {
  return fetch(`http://127.0.0.1:${rig.uiPort}${path}`, {
    method,
    headers: { ...JSON_TYPE, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Text messages come whole. */
function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : '';
}

test('every operation of the document is there, and all but the open ones want a login', async () => {
  const { paths } = documentSchema.parse(await (await ask('GET', '/api/v1/openapi.json', {})).json());
  const open: string[] = [];
  const letIn: string[] = [];
  for (const [path, operations] of Object.entries(paths)) {
    // The hub is asked as a WebSocket.
    if (path.startsWith('/hub/')) continue;
    for (const [method, { security }] of Object.entries(operations)) {
      const operation = `${method} ${path}`;
      const url = path.replace(/\{[^}]+\}/g, '00000000-0000-4000-8000-000000000000');
      const { status } = await ask(method.toUpperCase(), url, {});
      if (security?.length === 0) open.push(operation);
      else if (status !== 401) letIn.push(operation);
    }
  }
  expect(open.sort()).toEqual([
    'get /api/v1/openapi.json',
    'get /health',
    'get /health/ready',
    'post /api/v1/auth/login',
  ]);
  expect(letIn).toEqual([]);
});

test('a mapping that is created is served, told to who watches, and gone when it is deleted', async () => {
  const told: HubMessage[] = [];
  const hub = new WebSocket(`ws://127.0.0.1:${rig.uiPort}/hub/status`, { headers: bearer });
  hub.on('message', (data) => told.push(hubMessageSchema.parse(JSON.parse(textOf(data)))));
  await until('the hub tells how things stand', () => told.length > 0);
  expect(told[0]?.type).toBe('snapshot');

  const draft = {
    name: 'New',
    externalDomain: 'New.LocalHost.',
    internalHost: '127.0.0.1',
    internalPort: origin.port,
    internalProtocol: 'http',
  };
  const created = await ask('POST', '/api/v1/mappings', bearer, draft);
  const { id } = mappingViewSchema.parse(await created.json());
  const path = `/api/v1/mappings/${id}`;
  await until('its route is active', async () => {
    const { route } = mappingViewSchema.parse(await (await ask('GET', path, bearer)).json());
    return route.state === 'active';
  });
  const answer = get(rig.gatewayPort, 'new.localhost', '/hello?secret=1');
  const peer = await origin.accept();
  await peer.head();
  peer.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi');
  expect((await answer).body).toBe('hi');

  await until('the hub tells of its route and of the request', () => {
    const isActive = told.some((each) => each.type === 'change' && each.routes?.[id]?.state === 'active');
    const rows = told.flatMap((each) => (each.type === 'requests' ? each.items : []));
    return isActive && rows.some((row) => row.portMappingId === id && row.path === '/hello');
  });
  expect((await ask('DELETE', path, bearer)).status).toBe(204);
  await until(
    'it is served no more',
    async () => (await get(rig.gatewayPort, 'new.localhost')).status === 404,
  );
  expect((await ask('GET', path, bearer)).status).toBe(404);
  hub.close();
});

test("the machines of both ends are told, the gateway's as of its own session", async () => {
  await until('the gateway has told its session', async () => {
    const { items } = machineListSchema.parse(await (await ask('GET', '/api/v1/machines', bearer)).json());
    const states = items.map(({ place, machine, state }) => `${place} ${machine} ${state.split('.')[0]}`);
    return states.includes('agent connection online') && states.includes('gateway session online');
  });
});

test('a login survives a restart of the agent, and ends with a logout', async () => {
  await rig.agent.end('SIGKILL');
  rig.agent.start();
  await rig.waitOnline();
  expect((await ask('GET', '/api/v1/auth/session', bearer)).status).toBe(200);
  expect((await ask('POST', '/api/v1/auth/logout', bearer)).status).toBe(204);
  expect((await ask('GET', '/api/v1/auth/session', bearer)).status).toBe(401);
});
