// An agent behind a corporate proxy: a real forward proxy, a real Caddy with an authority of its own, and what is said
// when either is wrong.

import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { examineGatewayAnswer, examineGatewayPort } from '../../services/agent/doctor/gateway.ts';
import { shakeHands } from '../../services/agent/doctor/handshake.ts';
import { loadAgentConfig, type AgentConfig } from '../../services/config.ts';
import { AdminApi } from '../bench/adminApi.ts';
import { caddies, startCaddy, type TestCaddy } from '../support/caddy.ts';
import { AUTHORITY } from '../support/certificates.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { isInstalled, testIf, testWith } from '../support/programs.ts';
import { closedPort } from '../support/rawOrigin.ts';
import { freePort, get, SECRET, startRig, until, type Rig } from '../support/rig.ts';
import { startTinyproxy, type Tinyproxy } from '../support/tinyproxy.ts';

const NAME = 'web.localhost';
const LOGIN = 'somebody hunter2';
const PASSWORD = 'a password for tests';

/** Not loopback, which no proxy is asked for. */
const ADDRESS = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

// Each says in one line what is missing.
testIf(ADDRESS !== undefined, 'These tests need an address besides loopback.');
testWith('tinyproxy');
const isReady = ADDRESS !== undefined && caddies.length > 0 && isInstalled('tinyproxy');

describe.skipIf(!isReady)('behind a proxy', () => {
  const origin = createServer((_asked, response) => response.end('hello'));
  const echo = new WebSocketServer({ server: origin });
  echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));

  let caddy: TestCaddy;
  let open: Tinyproxy;
  let guarded: Tinyproxy;
  let rig: Rig;
  let gatewayPort: number;
  let gatewayUrl: string;
  /** The authority of that Caddy among others. */
  let caFile: string;
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-proxy-'));
  /** What has been started, however far the start has come. */
  const stops: (() => Promise<void> | void)[] = [() => rmSync(dir, { recursive: true, force: true })];

  beforeAll(async () => {
    const [originPort, httpsPort] = [await listen(origin), await freePort()];
    stops.push(() => close(origin));
    gatewayPort = await freePort();
    gatewayUrl = `wss://${ADDRESS}:${httpsPort}/tunnel`;
    caddy = await startCaddy({ config: caddyConfig(httpsPort, gatewayPort) });
    stops.push(() => caddy.stop());
    await until('Caddy has its authority', () => existsSync(caddy.rootFile));
    caFile = join(dir, 'authorities.pem');
    writeFileSync(caFile, `# others\n${AUTHORITY}\n# ours\n${readFileSync(caddy.rootFile, 'utf8')}`);
    [open, guarded] = [await startTinyproxy(), await startTinyproxy({ login: LOGIN })];
    stops.push(
      () => open.stop(),
      () => guarded.stop(),
    );
    rig = await startRig({
      maps: [`${NAME}=http://127.0.0.1:${originPort}`],
      env: {
        OCTOPORTY_LISTEN_PORT: String(gatewayPort),
        OCTOPORTY_GATEWAY_URL: gatewayUrl,
        OCTOPORTY_CA_FILE: caFile,
        HTTPS_PROXY: `http://127.0.0.1:${open.port}`,
        NO_PROXY: '',
        no_proxy: '',
      },
    });
    stops.push(() => rig.stop());
  });

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  test('requests and WebSockets go through the proxy, to a gateway of a private authority among several', async () => {
    expect(open.log()).toContain(`CONNECT ${new URL(gatewayUrl).host}`);
    expect((await get(gatewayPort, NAME)).body).toBe('hello');
    const socket = new WebSocket(`ws://127.0.0.1:${gatewayPort}/`, { headers: { Host: NAME } });
    await once(socket, 'open');
    socket.send('through all of it');
    const [data] = await once(socket, 'message');
    expect(String(data)).toBe('through all of it');
    socket.close();
  });

  test('a proxy that is away is named, and the tunnel returns with it', async () => {
    const api = new AdminApi(rig.uiPort, PASSWORD);
    await api.logIn();
    await open.kill();
    await until(
      'the agent says so',
      async () => (await api.status()).lastError?.code === 'proxy_unreachable',
    );
    expect((await api.status()).lastError?.message).toBe(
      'The proxy on the way to the gateway cannot be reached: check HTTPS_PROXY.',
    );
    expect(await look({ HTTPS_PROXY: `http://127.0.0.1:${open.port}` })).toMatchObject({
      port: {
        verdict: 'failed',
        saw: expect.stringMatching(/^the proxy http:.* cannot be reached.*ECONNREFUSED/),
      },
      code: 'proxy_unreachable',
    });
    await open.start();
    await rig.waitOnline();
    expect((await get(gatewayPort, NAME)).body).toBe('hello');
    api.close();
  });

  test('a login is shown to the proxy, and a wrong one is told as such', async () => {
    const through = (login: string) => look({ HTTPS_PROXY: `http://${login}127.0.0.1:${guarded.port}` });
    expect(await through('somebody:hunter2@')).toMatchObject({ port: { verdict: 'ok' }, isAccepted: true });
    for (const login of ['somebody:wrong@', ''])
      expect(await through(login)).toMatchObject({
        port: { verdict: 'failed', saw: expect.stringContaining('refuses the login') },
        code: 'proxy_login_failed',
        answer: { saw: expect.stringContaining('check user name and password in HTTPS_PROXY') },
      });
    expect(JSON.stringify(await through('somebody:wrong@'))).not.toContain('wrong');
  });

  test('a proxy that finds nobody behind it says that the gateway is away', async () => {
    const config = { ...agentWith(), gatewayUrl: `wss://${ADDRESS}:${await closedPort()}/tunnel` };
    expect((await shakeHands(config)).code).toBe('dial_failed');
    expect(await examineGatewayPort(config)).toMatchObject({
      verdict: 'failed',
      saw: expect.stringMatching(/does not reach .*status 5\d\d/),
      advice: 'check OCTOPORTY_GATEWAY_URL',
    });
  });

  test('NO_PROXY leaves the gateway out, whatever the proxy is', async () => {
    const told = await look({ HTTPS_PROXY: `http://127.0.0.1:${await closedPort()}`, NO_PROXY: ADDRESS });
    expect(told).toMatchObject({ port: { verdict: 'ok' }, isAccepted: true });
  });

  test.each(['through the proxy', 'directly'])(
    'an authority that nobody has named is told with its variable: %s',
    async (way) => {
      const { port, answer, code } = await look({
        OCTOPORTY_CA_FILE: '',
        ...(way === 'directly' ? { NO_PROXY: '*' } : {}),
      });
      expect(code).toBe('gateway_untrusted');
      expect(answer.saw).toMatch(/name its private authority with OCTOPORTY_CA_FILE/);
      expect(port.verdict).toBe(way === 'directly' ? 'failed' : 'ok');
    },
  );

  /** What the doctor sees of the way to the gateway. */
  async function look(environment: Readonly<Record<string, string | undefined>>) {
    const config = agentWith(environment);
    const [port, handshake] = await Promise.all([examineGatewayPort(config), shakeHands(config)]);
    const { code, isAccepted } = handshake;
    return { port, code, isAccepted, answer: examineGatewayAnswer(config.gatewayUrl, handshake) };
  }

  function agentWith(environment: Readonly<Record<string, string | undefined>> = {}): AgentConfig {
    return loadAgentConfig({
      environment: {
        OCTOPORTY_AUTH_SECRET: SECRET,
        OCTOPORTY_GATEWAY_URL: gatewayUrl,
        OCTOPORTY_UI_PASSWORD: PASSWORD,
        OCTOPORTY_CA_FILE: caFile,
        HTTPS_PROXY: `http://127.0.0.1:${open.port}`,
        ...environment,
      },
    });
  }
});

function caddyConfig(httpsPort: number, gatewayPort: number) {
  const upstreams = [{ dial: `127.0.0.1:${gatewayPort}` }];
  const route = { match: [{ host: [ADDRESS] }], handle: [{ handler: 'reverse_proxy', upstreams }] };
  const server = { listen: [`:${httpsPort}`], routes: [route], automatic_https: { disable_redirects: true } };
  const policy = { subjects: [ADDRESS], issuers: [{ module: 'internal' }] };
  return {
    apps: {
      http: { https_port: httpsPort, servers: { srv0: server } },
      tls: { automation: { policies: [policy] } },
    },
  };
}
