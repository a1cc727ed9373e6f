// The client of Caddy's admin API before a real Caddy, and before those who answer as no Caddy should.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCaddyClient, type CaddyAdmin } from '../../../services/gateway/caddyClient.ts';
import { CONFIG_PATH, planServers, routesIn, SERVERS_PATH } from '../../../services/gateway/caddyPlan.ts';
import { startCaddy, testEachCaddy, type CaddyOptions, type TestCaddy } from '../../support/caddy.ts';
import { closedPort } from '../../support/rawOrigin.ts';
import { freePort, until } from '../../support/rig.ts';
import { tempDir } from '../spawned.ts';
import { inputOf, objectOf, wish } from './caddyPlanStage.ts';

const NO_SERVERS = { apps: { http: { servers: {} } } };

/** What no machine needs for any of these. */
const DEADLINES = { readMs: 60_000, writeMs: 60_000 };

/** Long enough for nothing to be slow, short enough to wait for. */
const SHORT_MS = 200;

describe('Caddy', () => {
  for (const kind of ['a unix socket', 'TCP']) {
    testEachCaddy(`is read and written over ${kind}`, async (binary) => {
      const port = kind === 'TCP' ? { adminPort: await freePort() } : {};
      const { client } = await openCaddy({ binary, config: NO_SERVERS, ...port });
      const { etag } = await client.read(CONFIG_PATH);
      await client.write('PATCH', SERVERS_PATH, { idle: { listen: ['127.0.0.1:0'] } }, etag);
      const after = await client.read(CONFIG_PATH);
      expect(after.value).toMatchObject({
        apps: { http: { servers: { idle: { listen: ['127.0.0.1:0'] } } } },
      });
      expect(after.etag).not.toBe(etag);
    });
  }

  testEachCaddy('makes the parents that are missing in the same write', async (binary) => {
    for (const config of [{}, { apps: {} }, { apps: { http: {} } }]) {
      const { client } = await openCaddy({ binary, config });
      const { value, etag } = await client.read(CONFIG_PATH);
      const { method } = planServers(inputOf({ config: value }));
      await client.write(method, SERVERS_PATH, {}, etag);
      expect((await client.read(SERVERS_PATH)).value).toEqual({});
    }
  });

  testEachCaddy('writes nothing once somebody else has written, however much it is', async (binary) => {
    const { caddy, client } = await openCaddy({ binary, config: NO_SERVERS });
    const { etag } = await client.read(CONFIG_PATH);
    await caddy.ask('PATCH', SERVERS_PATH, { theirs: {} });
    for (const ours of [{}, { ours: { errors: { routes: manyRoutes(20_000) } } }]) {
      const written = client.write('PATCH', SERVERS_PATH, ours, etag);
      await expect(written).rejects.toMatchObject({ code: 'stale' });
    }
    expect((await client.read(SERVERS_PATH)).value).toEqual({ theirs: {} });
  });

  testEachCaddy('says why it does not take a value, and goes on with what it had', async (binary) => {
    const { client } = await openCaddy({ binary, config: NO_SERVERS });
    const { etag } = await client.read(CONFIG_PATH);
    const handle = [{ handler: 'reverse_proxy', nonsense: 1 }];
    const written = client.write('PATCH', SERVERS_PATH, { ours: { routes: [{ handle }] } }, etag);
    await expect(written).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringMatching(/^Caddy does not take it \(status \d+\): .*unknown field "nonsense"/),
    });
    expect((await client.read(CONFIG_PATH)).etag).toBe(etag);
  });

  testEachCaddy('takes what is planned and tells it back: nothing more is to be written', async (binary) => {
    const { client } = await openCaddy({ binary });
    const portMap = new Map([443, 80, 9000].map((port) => [port, 0]));
    for (const port of portMap.keys()) portMap.set(port, await freePort());
    const routes = [...portMap.keys()].flatMap((port) =>
      Array.from({ length: 1_000 }, (_, at) => wish(`m${at}.localhost`, { port })),
    );
    const input = { gatewayHost: 'gateway.localhost', routes, portMap };
    const { value, etag } = await client.read(CONFIG_PATH);
    const plan = planServers(inputOf({ ...input, config: value }));
    // The certificates of so many names are not this test's business.
    const plain = Object.entries(plan.servers).map(([name, server]) => [
      name,
      { ...objectOf(server), automatic_https: { disable: true } },
    ]);
    await client.write(plan.method, SERVERS_PATH, Object.fromEntries(plain), etag);
    const config = (await client.read(CONFIG_PATH)).value;
    expect(planServers(inputOf({ ...input, config }))).toMatchObject({ isRight: true, conflicts: [] });
    expect(routesIn(config)).toHaveLength(routes.length);
  });

  testEachCaddy('holds a configuration of 100,000 names', async (binary) => {
    const { client } = await openCaddy({ binary, config: NO_SERVERS });
    const huge = {
      ours: { listen: ['127.0.0.1:0'], automatic_https: { disable: true }, routes: manyRoutes(100_000) },
    };
    await client.write('PATCH', SERVERS_PATH, huge, (await client.read(CONFIG_PATH)).etag);
    expect((await client.read(SERVERS_PATH)).value).toEqual(huge);
  });

  testEachCaddy('that restarts is unreachable meanwhile, and then as good as before', async (binary) => {
    const { caddy, client } = await openCaddy({ binary, config: NO_SERVERS });
    const { etag } = await client.read(CONFIG_PATH);
    await caddy.kill('SIGKILL');
    await expect(client.read(CONFIG_PATH)).rejects.toMatchObject({ code: 'unreachable' });
    await expect(client.write('PATCH', SERVERS_PATH, {}, etag)).rejects.toMatchObject({
      code: 'unreachable',
    });
    await caddy.start();
    expect(await client.read(CONFIG_PATH)).toMatchObject({ etag, value: NO_SERVERS });
    await client.write('PATCH', SERVERS_PATH, { ours: {} }, etag);
  });

  testEachCaddy('is never refused a connection by its own writes', async (binary) => {
    const { client } = await openCaddy({ binary, config: NO_SERVERS });
    for (let round = 0; round < 50; round += 1) {
      const { etag } = await client.read(CONFIG_PATH);
      await client.write('PATCH', SERVERS_PATH, { [`server${round}`]: {} }, etag);
    }
    expect((await client.read(SERVERS_PATH)).value).toEqual({ server49: {} });
  });
});

describe('somebody who is asked in the place of Caddy', () => {
  test('hears no Origin, and over a unix socket the one name that every Caddy takes', async () => {
    const heard: unknown[] = [];
    const answer: RequestListener = ({ method, url, headers }, response) => {
      heard.push([method, url, headers.host, headers.origin, headers['if-match']]);
      response.setHeader('ETag', '"/config/ 1"').end('null');
    };
    const port = await listen(createServer(answer));
    const path = join(tempDir(), 'admin.sock');
    await listen(createServer(answer), path);
    for (const url of [`http://127.0.0.1:${port}`, `unix:${path}`, `unix://${path}`]) {
      const client = open(url);
      expect(await client.read('/config/')).toEqual({ value: null, etag: '"/config/ 1"' });
      await client.write('PUT', '/config/apps', {}, '"/config/ 1"');
    }
    expect(heard).toEqual(
      [`127.0.0.1:${port}`, '127.0.0.1', '127.0.0.1'].flatMap((host) => [
        ['GET', '/config/', host, undefined, undefined],
        ['PUT', '/config/apps', host, undefined, '"/config/ 1"'],
      ]),
    );
  });

  test.each([
    [
      403,
      '{"error":"host not allowed: x"}',
      'refused',
      'Caddy does not let the gateway in (status 403): host not allowed: x',
    ],
    [401, '', 'refused', 'Caddy does not let the gateway in (status 401): no reason was given'],
    [412, '{"error":"…"}', 'stale', 'Somebody else has changed the configuration of Caddy.'],
    [500, '{"error":"a \\"b\\"\\n c"}', 'rejected', 'Caddy does not take it (status 500): a "b" c'],
    [400, '{"error":"\\q"}', 'rejected', 'Caddy does not take it (status 400): {"error":"\\q"}'],
    [404, `no${'!'.repeat(1_000)}`, 'rejected', `Caddy does not take it (status 404): no${'!'.repeat(398)}`],
    [
      200,
      'null',
      'refused',
      'What answers is not the admin API of Caddy: there is no ETag in its answer, as there is from Caddy 2.8 on.',
    ],
  ])('in words, with %i, is understood (%#)', async (status, body, code, message) => {
    const port = await listen(createServer((_, response) => response.writeHead(status).end(body)));
    await expect(open(`http://127.0.0.1:${port}`).read('/config/')).rejects.toMatchObject({ code, message });
  });

  test('with what is no JSON is not taken for Caddy', async () => {
    const port = await listen(createServer((_, response) => response.setHeader('ETag', '"1"').end('<html>')));
    const message = 'What answers is not the admin API of Caddy: its answer is not JSON.';
    await expect(open(`http://127.0.0.1:${port}`).read('/')).rejects.toMatchObject({
      code: 'refused',
      message,
    });
  });

  test('without an end is not read for ever', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const port = await listen(
      createServer((_, response) => {
        const more = () => {
          while (response.write(chunk));
        };
        response.on('drain', more);
        more();
      }),
    );
    const message = 'What answers is not the admin API of Caddy: its answer does not end.';
    await expect(open(`http://127.0.0.1:${port}`).read('/')).rejects.toMatchObject({
      code: 'refused',
      message,
    });
  });

  test('and cuts the connection is asked once more, to write too', async () => {
    let connections = 0;
    const server = createServer((_, response) => response.setHeader('ETag', '"1"').end('1'));
    server.on('connection', (socket) => {
      connections += 1;
      if (connections % 2 === 1) socket.resetAndDestroy();
    });
    const client = open(`http://127.0.0.1:${await listen(server)}`);
    expect(await client.read('/')).toEqual({ value: 1, etag: '"1"' });
    await client.write('PATCH', '/', 2, '"1"');
    expect(connections).toBe(4);
  });
});

describe('nobody', () => {
  test('is unreachable, with the reason', async () => {
    const urls = [
      [`http://127.0.0.1:${await closedPort()}`, 'ECONNREFUSED'],
      [`unix:${join(tempDir(), 'none')}`, 'ENOENT'],
    ] as const;
    for (const [url, reason] of urls) {
      const message = `Caddy cannot be reached: ${reason}.`;
      await expect(open(url).read('/config/')).rejects.toMatchObject({ code: 'unreachable', message });
    }
  });

  test.each(['read', 'write'] as const)(
    'who answers a %s is waited for to the deadline and no longer',
    async (what) => {
      const port = await listen(createTcpServer());
      const deadlines = { ...DEADLINES, [`${what}Ms`]: SHORT_MS };
      const client = createCaddyClient(`http://127.0.0.1:${port}`, deadlines);
      const asked = what === 'read' ? client.read('/') : client.write('PUT', '/', {}, '"1"');
      const message = 'Caddy cannot be reached: it did not answer within 0.2 s.';
      await expect(asked).rejects.toMatchObject({ code: 'unreachable', message });
    },
  );

  test('who stops in the middle of an answer is unreachable', async () => {
    const port = await listen(
      createServer((_, response) => {
        response.setHeader('Content-Length', 100).write('{', () => response.destroy());
      }),
    );
    await expect(open(`http://127.0.0.1:${port}`).read('/')).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('is waited for once the gateway stops', async () => {
    let isAsked = false;
    const port = await listen(createTcpServer(() => (isAsked = true)));
    const client = open(`http://127.0.0.1:${port}`);
    const asked = expect(client.read('/')).rejects.toMatchObject({
      code: 'unreachable',
      message: 'Caddy cannot be reached: the gateway stops.',
    });
    await until('the question has come', () => isAsked);
    client.close();
    await asked;
  });
});

async function openCaddy(options: CaddyOptions): Promise<{ caddy: TestCaddy; client: CaddyAdmin }> {
  const caddy = await startCaddy(options);
  onTestFinished(() => caddy.stop());
  return { caddy, client: open(caddy.adminUrl) };
}

function open(adminUrl: string): CaddyAdmin {
  const client = createCaddyClient(adminUrl, DEADLINES);
  onTestFinished(() => client.close());
  return client;
}

function manyRoutes(names: number): object[] {
  const host = Array.from({ length: names }, (_, at) => `m${at}.localhost`);
  return [{ '@id': 'octoporty:many', match: [{ host }], terminal: true }];
}

async function listen(server: Server, path?: string): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  // A TCP server's address has a port; that of a unix socket is not asked for.
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}
