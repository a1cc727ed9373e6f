// One name on several external ports behind a real Caddy: what each port serves, and what the agent's API says of it.

import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, get as ask, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mappingViewSchema, type Route } from '../../protocol/api/mappings.ts';
import { AdminApi } from '../bench/adminApi.ts';
import { caddies, startCaddy, testWithCaddy, type TestCaddy } from '../support/caddy.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { freePort, get, startRig, until, type Rig } from '../support/rig.ts';
import { TlsVisitor } from '../support/tlsVisitor.ts';

const NAME = 'app.localhost';
const FOREIGN = 'foreign.localhost';
const PASSWORD = 'a password for tests';

if (caddies.length === 0) testWithCaddy('a name is served on several ports through Caddy', () => {});

describe.each(caddies)('behind $name', (binary) => {
  /** One for each mapping: it says its name, and on which port it was told that the visitor came. */
  const origins = ['first', 'second', 'third'].map((says) =>
    createServer((asked, response) =>
      response.end(`${says}, told ${String(asked.headers['x-forwarded-port'])}`),
    ),
  );
  let caddy: TestCaddy;
  let rig: Rig;
  let api: AdminApi;
  let ports: { https: number; http: number; other: number };
  let originPorts: number[];

  beforeAll(async () => {
    originPorts = await Promise.all(origins.map((origin) => listen(origin)));
    ports = { https: await freePort(), http: await freePort(), other: await freePort() };
    caddy = await startCaddy({ binary, config: configOf(ports) });
    rig = await startRig({
      maps: [],
      env: {
        OCTOPORTY_CADDY_ADMIN_URL: caddy.adminUrl,
        OCTOPORTY_GATEWAY_HOST: 'gateway.localhost',
        OCTOPORTY_EXTERNAL_PORTS: String(ports.other),
      },
    });
    api = new AdminApi(rig.uiPort, PASSWORD);
    await api.logIn();
  });

  afterAll(async () => {
    api.close();
    await Promise.all(origins.map((origin) => close(origin)));
    await rig.stop();
    await caddy.stop();
  });

  test('a name on three ports leads to three mappings, whatever port a visitor claims', async () => {
    const created = await Promise.all(
      [443, 80, ports.other].map((port, at) => create(NAME, port, originPorts[at])),
    );
    for (const id of created) await stands(id, 'active');
    const root = readFileSync(caddy.rootFile);
    expect(await new TlsVisitor(ports.https, root).get(NAME)).toEqual({
      status: 200,
      body: 'first, told 443',
    });
    expect(await claiming(443)).toBe('second, told 80');
    expect(await new TlsVisitor(ports.other, root).get(NAME)).toEqual({
      status: 200,
      body: `third, told ${ports.other}`,
    });
    await api.ask('DELETE', `/mappings/${created[1] ?? ''}`);
    await until('only that port has gone', async () => (await claiming(80)) !== 'second, told 80');
    expect((await new TlsVisitor(ports.https, root).get(NAME)).status).toBe(200);
  });

  test('a port that is not offered is refused, and said to be', async () => {
    const id = await create('elsewhere.localhost', await freePort(), originPorts[0]);
    await stands(id, 'refused', 'port_not_offered');
  });

  test('a name that is somebody else’s in Caddy is refused with the reason, until it is renamed', async () => {
    const id = await create(FOREIGN, 443, originPorts[0]);
    await stands(id, 'refused', 'route_conflict');
    await api.ask('PATCH', `/mappings/${id}`, { externalDomain: 'renamed.localhost' });
    await stands(id, 'active');
  });

  test('a gateway that starts anew without its agents keeps their routes: visitors hear 503, not 404', async () => {
    await rig.agent.end('SIGTERM');
    await rig.gateway.end('SIGTERM');
    rig.gateway.start();
    await until('the gateway answers', async () => {
      const answer = await get(rig.gatewayPort, 'localhost', '/health').catch(() => null);
      return answer?.status === 200;
    });
    const visitor = new TlsVisitor(ports.https, readFileSync(caddy.rootFile));
    expect((await visitor.get(NAME)).status).toBe(503);
    expect((await caddy.ask('GET', '/config/')).body).toContain(NAME);
    rig.agent.start();
    await rig.waitOnline();
    await until('it is served', async () => (await visitor.statusOf(NAME)) === 200);
  });

  async function create(externalDomain: string, externalPort: number, internalPort = 0): Promise<string> {
    const { mapping } = await api.create({
      name: `${externalDomain} ${externalPort}`,
      externalDomain,
      externalPort,
      internalHost: '127.0.0.1',
      internalPort,
      internalProtocol: 'http',
    });
    return mapping.id;
  }

  /** What a visitor of the plain port gets who says that he came to another; empty when nobody answers. */
  async function claiming(port: number): Promise<string> {
    const headers = { host: NAME, 'x-forwarded-port': String(port) };
    const asked = ask({ host: '127.0.0.1', port: ports.http, headers, agent: false });
    try {
      const [response] = await once(asked, 'response');
      return response instanceof IncomingMessage ? await text(response) : '';
    } catch {
      return '';
    }
  }

  /** Waits until a mapping's route is in this state, for this reason. */
  async function stands(id: string, state: Route['state'], code?: string): Promise<void> {
    let route: Route | undefined;
    const isThere = async () => {
      ({ route } = mappingViewSchema.parse((await api.ask('GET', `/mappings/${id}`)).body));
      return route.state === state;
    };
    await until(`the mapping is ${state}`, isThere).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(route)}\n${rig.gateway.output}`);
    });
    expect(route?.error?.code).toBe(code);
  }
});

/** A Caddy with one site of somebody else, TLS by its local authority, and nothing on the other ports yet. */
function configOf({ https, http }: { https: number; http: number }) {
  return {
    apps: {
      http: {
        https_port: https,
        http_port: http,
        servers: {
          site: {
            listen: [`:${https}`],
            automatic_https: { disable_redirects: true },
            routes: [
              {
                match: [{ host: [FOREIGN] }],
                handle: [{ handler: 'static_response', body: 'not ours' }],
                terminal: true,
              },
            ],
          },
        },
      },
      tls: { automation: { policies: [{ issuers: [{ module: 'internal' }] }] } },
    },
  };
}
