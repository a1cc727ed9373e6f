// Owns the tests of the gateway's own endpoints: what strangers may know, what the status token opens, and faults of ours.

import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { machineDetailSchema, machineListSchema } from '../../../protocol/api/machines.ts';
import { createActors } from '../../../services/actors.ts';
import { createGatewayApi, type GatewayApiOptions } from '../../../services/gateway/api.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';

const TOKEN = 'a status token';
const SESSION = {
  id: 'session.3',
  agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01',
  agentVersion: '1.2.3',
  state: 'online.fresh',
  since: '2026-01-01T00:00:00.000Z',
  rttMs: 4,
  revision: 7,
  mappings: 2,
  refused: 1,
};
const CADDY = {
  state: 'right',
  since: '2026-01-01T00:00:00.000Z',
  desired: 2,
  applied: 1,
  certificates: { issued: 1, pending: 0, failed: 0 },
  withoutCertificate: [],
  conflicts: [{ domain: 'app.example.com', port: 443, reason: 'It is taken.' }],
  lastError: null,
} as const;

const session = setup({}).createMachine({
  id: 'session',
  initial: 'online',
  context: { rttMs: 5, token: 'nobody may see', link: { send: () => undefined } },
  states: { online: { on: { leave: 'closed' } }, closed: {} },
});

describe('the status', () => {
  test.each([undefined, 'Bearer wrong', `Basic ${TOKEN}`, 'Bearer ', TOKEN])(
    'is counts alone for whoever sends %s',
    async (authorization) => {
      const { ask } = await open();
      const { status, json } = await ask('/api/v1/status', authorization);
      expect([status, json]).toEqual([
        200,
        { status: 'ok', version: '1.0.0', uptimeSeconds: 1, agents: 1, tunnels: 2 },
      ]);
    },
  );

  test('has sessions, machines, relays and Caddy for whoever has the token', async () => {
    const { ask } = await open();
    const { json } = await ask('/api/v1/status', `Bearer ${TOKEN}`);
    expect(json).toMatchObject({
      agents: 1,
      sessions: [SESSION],
      machines: [{ id: 'session.3', place: 'gateway', machine: 'session', state: 'closed' }],
      relays: [],
      caddy: CADDY,
    });
  });

  test('says when there is no Caddy', async () => {
    const { ask } = await open({ caddy: () => null });
    expect((await ask('/api/v1/status', `Bearer ${TOKEN}`)).json).toMatchObject({ caddy: null });
  });
});

describe('the machines', () => {
  test('are listed with what led to their states', async () => {
    const { ask } = await open();
    const { status, json } = await ask('/api/v1/machines', `Bearer ${TOKEN}`);
    expect([status, machineListSchema.parse(json)]).toMatchObject([
      200,
      { items: [{ id: 'session.3', place: 'gateway', transitions: [{ event: 'leave', to: 'closed' }] }] },
    ]);
  });

  test.each(['session.3', 'session%2E3'])('are found by their id, as %s', async (id) => {
    const { ask } = await open();
    const { json, text } = await ask(`/api/v1/machines/${id}`, `Bearer ${TOKEN}`);
    expect(machineDetailSchema.parse(json)).toMatchObject({
      id: 'session.3',
      definition: { name: 'session', initial: 'online' },
      context: { rttMs: 5 },
    });
    expect(text).not.toContain('nobody may see');
  });

  test.each(['session.4', 'session.3/admission', '%zz'])('%s is none of them', async (id) => {
    const { ask } = await open();
    const { status, json } = await ask(`/api/v1/machines/${id}`, `Bearer ${TOKEN}`);
    expect([status, json]).toEqual([404, { error: 'No live machine has this id.' }]);
  });

  test.each([
    ['/api/v1/machines', undefined, TOKEN],
    ['/api/v1/machines', 'Bearer wrong', TOKEN],
    ['/api/v1/machines/session.3', undefined, TOKEN],
    ['/api/v1/machines/session.3', `Bearer ${TOKEN}x`, TOKEN],
    ['/api/v1/machines/nobody', undefined, TOKEN],
    ['/api/v1/machines', 'Bearer null', null],
    ['/api/v1/machines', `Bearer ${TOKEN}`, null],
  ])('stay closed: %s with %s where the token is %s', async (path, authorization, statusToken) => {
    const { ask } = await open({ statusToken });
    const { status, headers, text } = await ask(path, authorization);
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(text).not.toContain('session');
  });
});

describe('the metrics', () => {
  const METRICS = {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    read: async () => 'a_thing 1\n',
  } as const;

  test('are told to whoever has the token, as Prometheus wants them', async () => {
    const { ask } = await open({ metrics: METRICS });
    const { status, headers, text } = await ask('/metrics', `Bearer ${TOKEN}`);
    expect([status, headers['content-type'], text]).toEqual([200, METRICS.contentType, 'a_thing 1\n']);
  });

  test.each([undefined, 'Bearer wrong', `Basic ${TOKEN}`])(
    'stay closed to whoever sends %s',
    async (sent) => {
      const { ask } = await open({ metrics: METRICS });
      const { status, headers, text } = await ask('/metrics', sent);
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(text).not.toContain('a_thing');
    },
  );

  test('are nowhere while no token is set', async () => {
    const { ask } = await open({ metrics: null, statusToken: null });
    expect((await ask('/metrics', 'Bearer null')).status).toBe(404);
  });
});

test.each(['/health', '/api/v1/status', '/api/v1/machines', '/tunnel'])(
  'what is answered at %s is kept, sniffed and framed by nobody',
  async (path) => {
    const { ask } = await open();
    const { headers } = await ask(path);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
  },
);

test('a fault of ours is logged, and told without its cause and with the headers of every answer', async () => {
  const cause = new Error('the directory cannot be counted');
  const { ask, logged } = await open({
    counts: () => {
      throw cause;
    },
  });
  const { status, headers, text } = await ask('/api/v1/status');
  expect(status).toBe(500);
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  expect(text).not.toContain(cause.message);
  expect(logged).toEqual([{ error: cause }]);
});

/** The endpoints of a gateway with one session, on a port of their own. */
async function open(options: Partial<GatewayApiOptions> = {}) {
  const logged: unknown[] = [];
  const silent = { debug: () => {}, info: () => {}, warn: () => {} };
  const actors = createActors(new SimulatedClock(), (_, error) => {
    throw error;
  });
  actors.start('session.3', session, undefined).send({ type: 'leave' });
  const answer = createGatewayApi({
    version: '1.0.0',
    log: {
      ...silent,
      error: (fields: object) => void logged.push(fields),
      child: () => expect.unreachable(),
    },
    uptimeSeconds: () => 1,
    counts: () => ({ agents: 1, tunnels: 2 }),
    statusToken: TOKEN,
    actors,
    sessions: () => [SESSION],
    relays: () => [],
    caddy: () => CADDY,
    metrics: null,
    ...options,
  });
  const server = createServer((asked, response) => void answer(asked, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { logged, ask: (path: string, authorization?: string) => ask(port, path, authorization) };
}

async function ask(port: number, path: string, authorization: string | undefined) {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject).end();
  });
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const isJson = response.headers['content-type']?.startsWith('application/json') === true;
  const json: unknown = isJson ? JSON.parse(text) : undefined;
  return { status: response.statusCode, headers: response.headers, text, json };
}
