// Owns the tests of what a gateway behind a real Caddy tells of it: to whoever has the token, to agents, to the doctor.

import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { machineListSchema } from '../../../protocol/api/machines.ts';
import { CertificateBook } from '../../../services/gateway/certificateBook.ts';
import { RouteBook, type RouteStanding } from '../../../services/gateway/routeBook.ts';
import { caddyStateOf, certificatesOf, MAX_TOLD_CONFLICTS } from '../../../services/gateway/caddyStatus.ts';
import { AdminApi } from '../../bench/adminApi.ts';
import { startCaddy, testWithCaddy } from '../../support/caddy.ts';
import { freePort, get, SECRET, startRig, until } from '../../support/rig.ts';
import { closedPort } from '../../support/rawOrigin.ts';
import { run } from '../spawned.ts';

const TOKEN = 'a status token';
const PASSWORD = 'a password for tests';

describe('a look at Caddy', () => {
  test('that was right changes nothing until it is over', () => {
    expect(caddyStateOf('right', 'looking', 0)).toBe('right');
    expect(caddyStateOf('changing', 'looking', 0)).toBe('changing');
  });

  test('that comes after failures is still one of a Caddy that fails', () => {
    expect(caddyStateOf('failing', 'looking', 1)).toBe('failing');
    expect(caddyStateOf('failing', 'writing', 1)).toBe('failing');
  });
});

describe('the certificates of a status', () => {
  const APPLIED: RouteStanding = { state: 'applied', reason: '' };
  const counted = (names: readonly string[], standing = APPLIED) => {
    const certificates = new CertificateBook();
    const book = new RouteBook(certificates);
    for (const domain of [...names, 'gateway.test']) certificates.publish({ domain, port: 443 });
    const standings = names.map(
      (domain) => [{ owner: 'a', id: domain, domain, port: 443 }, standing] as const,
    );
    book.note(standings);
    const see = (domain: string, kind: 'none' | 'issued' | 'plain', detail = '') =>
      certificates.note(
        { domain, port: 443 },
        {
          probed: kind === 'issued' ? { kind, expiresAtMs: 1, isLate: false } : { kind },
          problem: detail === '' ? null : { kind: 'other', detail },
        },
      );
    return { see, counts: (own: string | null = null) => certificatesOf(standings, book, own) };
  };

  test('are counted by state where they are known, and the lacking ones named with their reasons', () => {
    const { see, counts } = counted(['a.test', 'b.test', 'c.test', 'd.test', 'e.test']);
    see('a.test', 'issued');
    see('b.test', 'none');
    see('c.test', 'none', 'why');
    see('d.test', 'plain');
    expect(counts()).toEqual({
      certificates: { issued: 1, pending: 1, failed: 1 },
      withoutCertificate: [
        { domain: 'c.test', port: 443, reason: 'Caddy gets no certificate for c.test: why' },
      ],
    });
  });

  test('that the gateway’s own name lacks comes first, and is not counted', () => {
    const { see, counts } = counted(['a.test']);
    see('a.test', 'none', 'why');
    see('gateway.test', 'none', 'why');
    const { certificates, withoutCertificate } = counts('gateway.test');
    expect(certificates).toEqual({ issued: 0, pending: 0, failed: 1 });
    expect(withoutCertificate.map(({ domain }) => domain)).toEqual(['gateway.test', 'a.test']);
    see('gateway.test', 'issued');
    expect(counts('gateway.test').withoutCertificate.map(({ domain }) => domain)).toEqual(['a.test']);
  });

  test('of routes that are not there are nobody’s, and many failures are not all named', () => {
    const away = counted(['a.test'], { state: 'pending', reason: '' });
    away.see('a.test', 'issued');
    expect(away.counts().certificates).toEqual({ issued: 0, pending: 0, failed: 0 });
    const names = Array.from({ length: 2 * MAX_TOLD_CONFLICTS }, (_, n) => `name-${n}.test`);
    const many = counted(names);
    for (const name of names) many.see(name, 'none', 'why');
    expect(many.counts().certificates.failed).toBe(2 * MAX_TOLD_CONFLICTS);
    expect(many.counts().withoutCertificate).toHaveLength(MAX_TOLD_CONFLICTS);
  });
});

describe('a gateway behind Caddy', () => {
  testWithCaddy(
    'tells how its routes stand, and leaves them there when it stops',
    async () => {
      const { caddy, caddyPort, rig, api, doctor } = await standing();
      await until('the mapping is served', async () => (await routeOf(api))?.state === 'active');

      const status = await statusOf(rig.gatewayPort);
      expect(status.caddy).toMatchObject({ state: 'right', desired: 1, applied: 1, lastError: null });
      expect(status.machines.map(({ id }) => id)).toContain('reconciler');
      expect((await doctor()).stdout).toMatch(/^ok +routes +1 of 1 are in Caddy$/m);
      await until('the agent has heard of the reconciler', async () => {
        const { items } = machineListSchema.parse((await api.ask('GET', '/machines')).body);
        return items.some(
          ({ id, place, state }) => `${place} ${id} ${state}` === 'gateway reconciler settled',
        );
      });

      // Caddy has gone and is back: each hears of it.
      await caddy.kill('SIGKILL');
      await until('it is missed', async () => (await routeOf(api))?.state === 'refused');
      const away = await doctor();
      expect(away.stdout).toMatch(/^FAILED +routes +0 of 1 are in Caddy: Caddy cannot be reached/m);
      await caddy.start();
      await until('it is served again', async () => (await routeOf(api))?.state === 'active');

      const { etag } = await caddy.ask('GET', '/config/');
      await rig.gateway.end('SIGTERM');
      expect((await caddy.ask('GET', '/config/')).etag).toBe(etag);
      rig.gateway.start();
      await until('the mapping is served', async () => (await routeOf(api))?.state === 'active');
      expect((await get(caddyPort, 'app.test')).headers['x-octoporty-error']).toBe('origin_refused');
      expect((await caddy.ask('GET', '/config/')).etag).toBe(etag);
    },
    60_000,
  );
});

/** Whole services, and a Caddy that listens without TLS for external port 443. Nobody answers at the origin. */
async function standing() {
  const caddyPort = await freePort();
  const web = { listen: [`127.0.0.1:${caddyPort}`], automatic_https: { disable: true } };
  const caddy = await startCaddy({
    config: { apps: { http: { https_port: caddyPort, servers: { web } } } },
  });
  onTestFinished(() => caddy.stop());
  const env = {
    OCTOPORTY_CADDY_ADMIN_URL: caddy.adminUrl,
    OCTOPORTY_GATEWAY_HOST: 'tunnel.test',
    OCTOPORTY_STATUS_TOKEN: TOKEN,
  };
  const rig = await startRig({ maps: [`app.test=http://127.0.0.1:${await closedPort()}`], env });
  onTestFinished(() => rig.stop());
  const api = new AdminApi(rig.uiPort, PASSWORD);
  onTestFinished(() => {
    api.close();
  });
  await api.logIn();
  const settings = {
    ...env,
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_LISTEN_HOST: '127.0.0.1',
    OCTOPORTY_LISTEN_PORT: String(rig.gatewayPort),
  };
  const doctor = () => run('services/cli.ts', ['doctor', 'gateway'], settings).ended;
  return { caddy, caddyPort, rig, api, doctor };
}

const statusSchema = z.object({
  caddy: z.looseObject({}),
  machines: z.array(z.object({ id: z.string() })),
});

async function statusOf(gatewayPort: number) {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`http://127.0.0.1:${gatewayPort}/api/v1/status`, { headers });
  return statusSchema.parse(await answer.json());
}

const routesSchema = z.object({ items: z.array(z.object({ route: z.object({ state: z.string() }) })) });

/** Of the one mapping. */
async function routeOf(api: AdminApi): Promise<{ state: string } | undefined> {
  return routesSchema.parse((await api.ask('GET', '/mappings')).body).items[0]?.route;
}
