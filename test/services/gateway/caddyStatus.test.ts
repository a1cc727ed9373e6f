// Owns the tests of what a gateway behind a real Caddy tells of it: to whoever has the token, to agents, to the doctor.

import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { machineListSchema } from '../../../protocol/api/machines.ts';
import { caddyStateOf } from '../../../services/gateway/caddyStatus.ts';
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
