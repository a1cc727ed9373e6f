// Owns the tests of what a configuration file says: its keys, its values and paths, and who wins over it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whole } from '../../services/config/configFile.ts';
import { keyOf } from '../../services/config/names.ts';
import { ALL_SETTINGS } from '../../services/config/settings.ts';
import { loadGatewayConfig } from '../../services/config.ts';
import { SECRET } from './configStage.ts';
import { gateway, OWN, parse, problems } from './configTextStage.ts';
import { tempDir } from './spawned.ts';

describe('a configuration file', () => {
  it('sets what the variables set, by their names', () => {
    const file = `
authSecret: ${SECRET}
listenPort: 5001          # a number
headTimeout: 90s
allowInsecure: true
trustedProxies: [10.0.0.0/8, "fd00::/8"]
externalPorts:
  - 8443
  - 9000
caddyAdminUrl: http://10.0.0.2:2019
gatewayHost: Tunnel.Example.com`;
    expect(gateway(file)).toMatchObject({
      authSecrets: [SECRET],
      listenPort: 5001,
      headTimeoutMs: 90_000,
      trustedProxies: ['10.0.0.0/8', 'fd00::/8'],
      gatewayHost: 'tunnel.example.com',
      caddy: { adminUrl: 'http://10.0.0.2:2019', externalPorts: new Set([443, 80, 8443, 9000]) },
    });
  });

  it('may be JSON, with tabs', () => {
    const file = `{\n\t"authSecret": "${SECRET}",\n\t"listenPort": 5001,\n\t"externalPorts": [1,\n\t2]\n}`;
    expect(gateway(file, 'octoporty.json').listenPort).toBe(5001);
  });

  it('takes every setting of either service, and leaves out what is the other one’s', () => {
    const both = `authSecret: ${SECRET}\nlistenPort: 1\nuiPort: nonsense\nmappings: {a.com: http://x}`;
    expect(gateway(both).listenPort).toBe(1);
    for (const name of Object.keys(ALL_SETTINGS)) expect(problems(`${keyOf(name)}: x`, OWN)).toEqual([]);
  });

  it('keeps the zeros of a secret that is all digits', () => {
    const digits = `00${'1234567890'.repeat(3)}`;
    expect(gateway(`authSecret: ${digits}`).authSecrets).toEqual([digits]);
    expect(gateway(`authSecret: 0x${digits}`).authSecrets).toEqual([`0x${digits}`]);
  });

  it('takes an empty value as one that is not set, and an empty list of proxies as nobody', () => {
    const empty = gateway(`authSecret: ${SECRET}\nlistenPort:\nstatusToken: ""\nheadTimeout: null`);
    expect(empty).toMatchObject({ listenPort: 5000, statusToken: null, headTimeoutMs: 60_000 });
    expect(gateway(`authSecret: ${SECRET}\ntrustedProxies: []`).trustedProxies).toEqual([]);
    for (const nothing of ['', '# nothing yet\n', '---\n', '{}', 'null'])
      expect(whole(parse(nothing))?.values.size).toBe(0);
  });

  it('may say a value once and mean it twice', () => {
    expect(gateway(`authSecret: &s ${SECRET}\nstatusToken: *s`).statusToken).toBe(SECRET);
  });

  it('is overruled by the environment, and that by flags; it overrules defaults', () => {
    const file = parse('listenPort: 1\nheadTimeout: 1s\nrouteLease: 1h');
    const environment = {
      OCTOPORTY_AUTH_SECRET: SECRET,
      OCTOPORTY_LISTEN_PORT: '2',
      OCTOPORTY_HEAD_TIMEOUT: '2s',
    };
    const flags = { OCTOPORTY_LISTEN_PORT: '3' };
    const defaults = { OCTOPORTY_ROUTE_LEASE: '9h', OCTOPORTY_LISTEN_HOST: '127.0.0.1' };
    expect(loadGatewayConfig({ flags, environment, file, defaults })).toMatchObject({
      listenPort: 3,
      headTimeoutMs: 2000,
      routeLeaseMs: 3_600_000,
      listenHost: '127.0.0.1',
    });
  });

  it('may have a byte order mark and any line ends', () => {
    expect(gateway(`\uFEFFauthSecret: ${SECRET}\r\nlistenPort: 5001\r\n`).listenPort).toBe(5001);
  });

  it('means its paths from its own folder', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'secret'), `${SECRET}\n`);
    const text = `authSecretFile: secret\ncaddyLog: logs/caddy.log\ncaddyAdminUrl: unix:/x\ngatewayHost: t.example`;
    const config = gateway(text, join(dir, 'octoporty.yaml'));
    expect(config.authSecrets).toEqual([SECRET]);
    expect(config.caddy?.logFile).toBe(join(dir, 'logs', 'caddy.log'));
    const values = parse(
      'caddy: caddy-2.11\ndataDir: ../d\ncaFile: /abs/ca.pem',
      OWN,
      '/etc/o/octoporty.yml',
    ).values;
    expect([...values.values()].map(({ text: path }) => path)).toEqual([
      'caddy-2.11',
      '/etc/d',
      '/abs/ca.pem',
    ]);
  });
});
