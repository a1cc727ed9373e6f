// The plan in force in a real Caddy, among the sites that a person has there.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { createCaddyClient } from '../../../services/gateway/caddyClient.ts';
import {
  CONFIG_PATH,
  planServers,
  SERVERS_PATH,
  type PlanInput,
} from '../../../services/gateway/caddyPlan.ts';
import { startCaddy, testEachCaddy, type CaddyBinary } from '../../support/caddy.ts';
import { freePort, get } from '../../support/rig.ts';
import { tempDir } from '../spawned.ts';
import { inputOf, objectOf, wish } from './caddyPlanStage.ts';

/** As people write it: a site, one for many names, and one for whatever else comes. */
const CADDYFILE = `
{
  auto_https off
}
http://site.localhost:PORT {
  respond "site {host}"
}
http://*.many.localhost:PORT {
  respond "many {host}"
}
http://:PORT {
  respond "anybody {host}"
}
`;

testEachCaddy(
  'our names are ours among the sites of a Caddyfile, and those stay what they were',
  async (binary) => {
    const port = await freePort();
    const caddy = await startCaddy({
      binary,
      config: adapted(binary, CADDYFILE.replaceAll('PORT', String(port))),
    });
    onTestFinished(() => caddy.stop());
    const upstream = `127.0.0.1:${await startUpstream()}`;
    const client = createCaddyClient(caddy.adminUrl);
    const said = async (host: string) => (await get(port, host)).body;
    const apply = async (terms: Partial<PlanInput>) => {
      const { value, etag } = await client.read(CONFIG_PATH);
      const plan = planServers(
        inputOf({ upstream, portMap: new Map([[443, port]]), config: value, ...terms }),
      );
      await client.write(plan.method, SERVERS_PATH, plan.servers, etag);
      return plan.conflicts.map(({ route }) => route?.domain);
    };
    const before = await client.read(CONFIG_PATH);
    expect(await said('app.localhost')).toBe('anybody app.localhost');

    const domains = ['app.localhost', 'app.many.localhost', 'site.localhost'];
    const conflicts = await apply({
      gatewayHost: 'gateway.localhost',
      routes: domains.map((domain) => wish(domain)),
    });
    expect(conflicts).toEqual(['site.localhost']);
    for (const host of ['app.localhost', 'app.many.localhost', 'gateway.localhost', 'APP.localhost'])
      expect(await said(host)).toBe(`ours ${host} 443`);
    expect(await said('site.localhost')).toBe('site site.localhost');
    expect(await said('web.many.localhost')).toBe('many web.many.localhost');
    expect(await said('web.localhost')).toBe('anybody web.localhost');

    await apply({});
    expect(await client.read(CONFIG_PATH)).toEqual(before);
    expect(await said('app.localhost')).toBe('anybody app.localhost');
  },
);

/** Tells what Caddy made of the request. */
async function startUpstream(): Promise<number> {
  const server = createServer(({ headers }, response) => {
    response.end(`ours ${headers.host} ${String(headers['x-forwarded-port'])}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function adapted({ path }: CaddyBinary, caddyfile: string): Record<string, unknown> {
  const file = join(tempDir(), 'Caddyfile');
  writeFileSync(file, caddyfile);
  const { stdout } = spawnSync(path, ['adapt', '--adapter', 'caddyfile', '--config', file], {
    encoding: 'utf8',
  });
  return objectOf(JSON.parse(stdout));
}
