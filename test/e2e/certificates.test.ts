// Certificates as an admin sees them, behind a real Caddy that asks a real certificate authority: issued, and why not.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { mappingListSchema, type Route } from '../../protocol/api/mappings.ts';
import { AdminApi } from '../bench/adminApi.ts';
import { run } from '../services/spawned.ts';
import { caddies, startCaddy, testWithCaddy } from '../support/caddy.ts';
import { startDnsServer } from '../support/dnsServer.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { startPebble, testWithPebble, hasPebble, type Pebble } from '../support/pebble.ts';
import { freePort, SECRET, startRig, until, type Rig } from '../support/rig.ts';
import { TlsVisitor } from '../support/tlsVisitor.ts';

const PASSWORD = 'a password for tests';
const TOKEN = 'a status token';
const GATEWAY = 'gateway.example';

/** The gateway's addresses, as DNS has them; nobody listens on the second. */
const OWN = ['127.0.0.1', '127.0.0.9'];

/** Where another server answers. */
const OTHER = '127.0.0.7';

const ISSUED = 'issued.example';

/** Names without a certificate, and what an admin reads of each. */
const REASONS: Readonly<Record<string, RegExp>> = {
  'missing.example':
    /^missing\.example has no address in DNS: create an A or AAAA record that points to this gateway \(127\.0\.0\.\d, 127\.0\.0\.\d\)\.$/,
  'away.example':
    /^away\.example points to 127\.0\.0\.7, not to this gateway \(127.*\): correct its A and AAAA records, unless a proxy .*\.$/,
  'closed.example':
    /^The certificate authority cannot connect to closed\.example: let ports 80 and 443 of this gateway \(.*\) be reached from everywhere\.$/,
  'limited.example':
    /^The rate limit of the certificate authority is reached: wait until 2027-01-02 03:04 UTC, Caddy tries again by itself\.$/,
  'caa.example':
    /^The CAA records of caa\.example let only other\.example issue certificates: add one that names .* letsencrypt\.org, or remove them\.$/,
  'refused.example': /^A CAA record in DNS forbids the certificate authority to issue for refused\.example: /,
  'rejected.example':
    /^The certificate authority does not issue for rejected\.example: publish another name\. It says: forbidden by policy$/,
};

testWithCaddy(
  'visitors of a local authority get certificates, whatever DNS says',
  { timeout: 60_000 },
  async () => {
    const stops: (() => Promise<void> | void)[] = [];
    try {
      const dns = await startDnsServer({});
      stops.push(() => dns.stop());
      const issuers = [{ module: 'internal' }];
      const { api, rig } = await standing({
        names: ['local.example'],
        issuers,
        dnsServer: dns.address,
        stops,
      });
      await until('it is issued', async () => stateOf(await routesOf(api), 'local.example') === 'issued');
      expect((await routesOf(api)).get('local.example')).toMatchObject({
        state: 'active',
        certificate: { state: 'issued', expiresAt: expect.stringMatching(/^20/) },
      });
      // A name that is added waits for no certificate, and has it soon.
      await api.create({ ...draftOf('added.localhost'), internalPort: 9 });
      await until('it is issued', async () => stateOf(await routesOf(api), 'added.localhost') === 'issued');
      expect((await statusOf(rig)).certificates).toEqual({ issued: 2, pending: 0, failed: 0 });
    } finally {
      for (const stop of stops.reverse()) await stop();
    }
  },
);

if (caddies.length === 0) testWithCaddy('certificates are issued, or said why not', () => {});

describe.each(caddies)('behind $name and a certificate authority', (binary) => {
  const stops: (() => Promise<void> | void)[] = [];
  let pebble: Pebble;
  let stage: Awaited<ReturnType<typeof standing>>;

  beforeAll(async () => {
    if (!hasPebble) return;
    const [httpPort, httpsPort] = [await freePort(), await freePort()];
    pebble = await startPebble({ httpPort, httpsPort });
    stops.push(() => pebble.stop());
    const other = createServer((_, response) => response.end('somebody else'));
    other.listen(httpPort, OTHER);
    await once(other, 'listening');
    stops.push(() => close(other));
    await pebble.setAddresses(GATEWAY, ...OWN);
    for (const name of [ISSUED, 'limited.example', 'refused.example', 'rejected.example'])
      await pebble.setAddresses(name, '127.0.0.1');
    await pebble.setAddresses('away.example', OTHER);
    await pebble.setAddresses('closed.example', '127.0.0.9');
    await pebble.setAddresses('caa.example', '127.0.0.9');
    await pebble.setCaa('caa.example', 'other.example');
    const limit = 'too many certificates already issued, retry after 2027-01-02 03:04:05 UTC: see our page';
    pebble.refuse('limited.example', 429, 'rateLimited', limit);
    pebble.refuse('refused.example', 403, 'caa', 'CAA record for refused.example prevents issuance');
    pebble.refuse('rejected.example', 400, 'rejectedIdentifier', 'forbidden by policy');
    const names = [ISSUED, ...Object.keys(REASONS)];
    const { issuer, dnsServer } = pebble;
    stage = await standing({ binary, names, issuers: [issuer], dnsServer, stops, httpPort, httpsPort });
  }, 60_000);

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  testWithPebble(
    'a name that all is well with gets its certificate, and its visitors are served',
    async () => {
      const { api, httpsPort } = stage;
      await until('it is issued', async () => stateOf(await routesOf(api), ISSUED) === 'issued', 15_000);
      const visitor = new TlsVisitor(httpsPort, await pebble.root());
      expect(await visitor.get(ISSUED)).toMatchObject({ status: 200 });
    },
  );

  testWithPebble.each(Object.entries(REASONS))('%s is told as failed, and why', async (name, reason) => {
    const { api } = stage;
    // A name that leads elsewhere is pending with that reason until the authority has refused it.
    const isTold = async () => {
      const certificate = (await routesOf(api)).get(name)?.certificate;
      return certificate?.state === 'failed' && reason.test(certificate.reason ?? '');
    };
    await until(`the reason of ${name} is told`, isTold, 15_000).catch(async () => {
      expect((await routesOf(api)).get(name)?.certificate?.reason).toMatch(reason);
    });
    expect((await routesOf(api)).get(name)).toMatchObject({
      state: 'active',
      certificate: { state: 'failed' },
    });
  });

  testWithPebble('the gateway counts them, and the doctor says what to do', async () => {
    const { rig, doctor } = stage;
    const failed = Object.keys(REASONS).length;
    expect(await statusOf(rig)).toMatchObject({ certificates: { issued: 1, pending: 0, failed } });
    // The gateway's own name may be asked for where nobody listens.
    expect(await doctor()).toMatch(/^FAILED +certificates +1 of 8 are issued\. \S.* And [67] more: /m);
  });
});

interface StandingOptions {
  readonly binary?: (typeof caddies)[number];
  readonly names: readonly string[];
  readonly issuers: readonly object[];
  readonly dnsServer: string;
  /** What has been started goes there, however far the start has come. */
  readonly stops: (() => Promise<void> | void)[];
  readonly httpPort?: number;
  readonly httpsPort?: number;
}

/** A Caddy with these issuers, a gateway that reads its log, and an agent that publishes the names. */
async function standing({ names, issuers, dnsServer, stops, ...options }: StandingOptions) {
  const { httpPort = await freePort(), httpsPort = await freePort() } = options;
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-certificates-'));
  stops.push(() => rmSync(dir, { recursive: true, force: true }));
  const logFile = join(dir, 'caddy.log');
  const caddy = await startCaddy({
    ...(options.binary === undefined ? {} : { binary: options.binary }),
    config: configOf({ httpPort, httpsPort, logFile, issuers }),
  });
  stops.push(() => caddy.stop());
  const origin = createServer((_, response) => response.end('served'));
  const originPort = await listen(origin);
  stops.push(() => close(origin));
  const env = {
    OCTOPORTY_CADDY_ADMIN_URL: caddy.adminUrl,
    OCTOPORTY_CADDY_HOST: '127.0.0.1',
    OCTOPORTY_CADDY_LOG: logFile,
    OCTOPORTY_DNS_SERVERS: dnsServer,
    OCTOPORTY_GATEWAY_HOST: GATEWAY,
    OCTOPORTY_STATUS_TOKEN: TOKEN,
  };
  const rig = await startRig({ maps: names.map((name) => `${name}=http://127.0.0.1:${originPort}`), env });
  stops.push(() => rig.stop());
  const api = new AdminApi(rig.uiPort, PASSWORD);
  stops.push(() => api.close());
  await api.logIn();
  const settings = {
    ...env,
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_LISTEN_HOST: '127.0.0.1',
    OCTOPORTY_LISTEN_PORT: String(rig.gatewayPort),
  };
  const doctor = async () => (await run('services/cli.ts', ['doctor', 'gateway'], settings).ended).stdout;
  return { caddy, rig, api, doctor, httpsPort };
}

function configOf({
  httpPort,
  httpsPort,
  logFile,
  issuers,
}: {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly logFile: string;
  readonly issuers: readonly object[];
}) {
  return {
    logging: {
      logs: {
        default: { writer: { output: 'file', filename: logFile }, encoder: { format: 'json' } },
      },
    },
    apps: {
      http: {
        http_port: httpPort,
        https_port: httpsPort,
        servers: {
          site: { listen: [`127.0.0.1:${httpsPort}`], protocols: ['h1', 'h2'], routes: [] },
          plain: { listen: [`127.0.0.1:${httpPort}`], routes: [] },
        },
      },
      tls: { automation: { policies: [{ issuers }] } },
    },
  };
}

function draftOf(externalDomain: string) {
  return { name: externalDomain, externalDomain, internalHost: '127.0.0.1', internalProtocol: 'http' };
}

async function routesOf(api: AdminApi): Promise<ReadonlyMap<string, Route>> {
  const { items } = mappingListSchema.parse((await api.ask('GET', '/mappings')).body);
  return new Map(items.map(({ externalDomain, route }) => [externalDomain, route]));
}

function stateOf(routes: ReadonlyMap<string, Route>, name: string): string | undefined {
  return routes.get(name)?.certificate?.state;
}

const statusSchema = z.object({ caddy: z.object({ certificates: z.record(z.string(), z.number()) }) });

async function statusOf({ gatewayPort }: Rig) {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`http://127.0.0.1:${gatewayPort}/api/v1/status`, { headers });
  return statusSchema.parse(await answer.json()).caddy;
}
