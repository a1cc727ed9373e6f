// Owns the tests of running it: real processes tell their metrics, and an agent that is lost comes back from its backup.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { mappingFileSchema } from '../../protocol/api/bulk.ts';
import { compileCacheIn } from '../../services/nodeOptions.mjs';
import { run } from '../services/spawned.ts';
import { parseExposition } from '../support/exposition.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { get, startRig, until } from '../support/rig.ts';

const TOKEN = 'a status token';
const PASSWORD = 'a password for tests';
const CACHED = { NODE_COMPILE_CACHE: compileCacheIn(fileURLToPath(new URL('../..', import.meta.url))) };

/** Five processes are started, one after the other. */
const ALL_MS = 60_000;

const loggedInSchema = z.object({ token: z.string() });

test(
  'both ends tell what passed, and an agent that is lost comes back whole from a backup under edits',
  async () => {
    const server = createServer((_request, response) => response.end('here'));
    const origin = `http://127.0.0.1:${await listen(server)}`;
    onTestFinished(() => close(server));
    const rig = await startRig({ maps: [`app.test=${origin}`], env: { OCTOPORTY_STATUS_TOKEN: TOKEN } });
    onTestFinished(() => rig.stop());
    const away = mkdtempSync(join(tmpdir(), 'octoporty-away-'));
    onTestFinished(() => rmSync(away, { recursive: true, force: true }));
    const [elsewhere, backup] = [join(away, 'data'), join(away, 'backup.sqlite')];

    // Metrics.
    for (let asked = 0; asked < 3; asked += 1)
      expect((await get(rig.gatewayPort, 'app.test')).status).toBe(200);
    const gateway = await metricsOf(rig.gatewayPort);
    expect(gateway).toMatchObject({
      'octoporty_gateway_requests_total{outcome="complete",status="2xx"}': 3,
      octoporty_gateway_first_byte_seconds_count: 3,
      octoporty_gateway_agents: 1,
      octoporty_gateway_tunnels: 1,
      octoporty_gateway_tunnels_opened_total: 1,
      'octoporty_gateway_body_bytes_total{direction="out"}': 12,
    });
    const agent = await metricsOf(rig.uiPort);
    expect(agent).toMatchObject({
      octoporty_agent_tunnel_online: 1,
      'octoporty_agent_mapping_requests_total{domain="app.test",outcome="complete"}': 3,
      octoporty_agent_first_byte_seconds_count: 3,
      octoporty_agent_database_up: 1,
    });
    const added =
      (gateway.octoporty_gateway_first_byte_seconds_sum ?? 0) -
      (agent.octoporty_agent_first_byte_seconds_sum ?? 0);
    expect(added).toBeGreaterThan(0);

    // Backup.
    const login = await ask('/api/v1/auth/login', {}, { username: 'admin', password: PASSWORD });
    const bearer = { authorization: `Bearer ${loggedInSchema.parse(await login.json()).token}` };
    const answered = ['app.test'];
    const lost = new AbortController();
    const edits = (async () => {
      for (let number = 0; !lost.signal.aborted; number += 1) {
        const externalDomain = `n${number}.test`;
        const { hostname: internalHost, port } = new URL(origin);
        const target = { internalHost, internalPort: Number(port), internalProtocol: 'http' };
        const answer = await ask('/api/v1/mappings', bearer, { name: 'n', externalDomain, ...target }).catch(
          () => null,
        );
        if (answer?.status === 201) answered.push(externalDomain);
      }
    })();
    await until('some edits are answered', () => answered.length > 3);
    const before = [...answered];
    const made = await run('services/cli.ts', ['backup', backup, '--data-dir', rig.dataDir], CACHED).ended;
    expect(made).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(backup) });
    await rig.agent.end('SIGKILL');
    lost.abort();
    await edits;
    const restored = await run('services/cli.ts', ['restore', backup, '--data-dir', elsewhere], CACHED).ended;
    expect(restored).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('Start the agent now.'),
    });

    const next = rig.agent.withEnvironment({ OCTOPORTY_DATA_DIR: elsewhere });
    onTestFinished(async () => {
      await next.end('SIGTERM');
    });
    next.start();
    await rig.waitOnline();
    // The login of before was kept on the lost machine.
    const again = await ask('/api/v1/auth/login', {}, { username: 'admin', password: PASSWORD });
    const { token } = loggedInSchema.parse(await again.json());
    const listed = await fetch(`http://127.0.0.1:${rig.uiPort}/api/v1/mappings/export`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const domains = mappingFileSchema
      .parse(await listed.json())
      .mappings.map(({ externalDomain }) => externalDomain);
    expect(domains).toEqual(expect.arrayContaining(before));
    for (const domain of before.slice(-2)) expect((await get(rig.gatewayPort, domain)).body).toBe('here');

    function ask(path: string, headers: Record<string, string>, body: unknown) {
      return fetch(`http://127.0.0.1:${rig.uiPort}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    }
  },
  ALL_MS,
);

async function metricsOf(port: number): Promise<Record<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return Object.fromEntries(parseExposition(await answer.text()).values);
}
