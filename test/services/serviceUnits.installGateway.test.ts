// Owns the tests of `octoporty service install gateway`: what it writes, orders and says, and where it changes nothing.

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, Stage, takenPort } from './serviceStage.ts';

describe('installing a gateway', () => {
  test('makes a secret, its settings and its unit, starts it, waits for its health and says what is next', async () => {
    const stage = new Stage();
    const port = await freePort();
    const flags = { OCTOPORTY_LISTEN_PORT: port, OCTOPORTY_GATEWAY_HOST: 'tunnel.example.com' };
    await stage.install('gateway', { flags });

    expect(stage.text('etc/octoporty/auth-secret')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(stage.text('etc/octoporty/gateway.env').split('\n').slice(1)).toEqual([
      `OCTOPORTY_LISTEN_PORT=${port}`,
      'OCTOPORTY_GATEWAY_HOST=tunnel.example.com',
      '',
    ]);
    expect(stage.text('etc/systemd/system/octoporty-gateway.service')).toContain(
      '\nExecStart=/usr/bin/node --flag=2 /opt/octoporty/services/cli.js gateway\n',
    );
    expect(modesOf(stage)).toEqual([0o600, 0o600, 0o644]);
    expect(stage.orders).toEqual(['daemon-reload', 'enable --now octoporty-gateway']);
    const said = stage.said();
    expect(said).toContain(`The gateway on port ${port} is healthy.`);
    expect(said).toContain('  octoporty service install agent --gateway-url wss://tunnel.example.com');
  });

  test('listens on loopback behind a Caddy of the same machine, unless told otherwise', async () => {
    const stage = new Stage(false);
    const caddy = {
      OCTOPORTY_GATEWAY_HOST: 't.example.com',
      OCTOPORTY_CADDY_ADMIN_URL: 'http://localhost:2019',
    };
    await stage.install('gateway', { flags: caddy });
    expect(stage.text('etc/octoporty/gateway.env')).toContain('OCTOPORTY_LISTEN_HOST=127.0.0.1\n');
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_HOST: '0.0.0.0' } });
    expect(stage.text('etc/octoporty/gateway.env')).toContain('OCTOPORTY_LISTEN_HOST=0.0.0.0\n');
  });

  test('says which of its own files is a folder', async () => {
    const stage = new Stage();
    mkdirSync(join(stage.root, 'etc/octoporty/gateway.env'), { recursive: true });
    await expect(stage.install('gateway')).rejects.toThrow(
      /gateway\.env is a folder where a file belongs: move it away\.$/,
    );
  });

  test('changes nothing where another program has the port', async () => {
    const stage = new Stage();
    const port = await takenPort();
    await expect(stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: port } })).rejects.toThrow(
      `Port ${port} is taken: stop what uses it, or choose another with OCTOPORTY_LISTEN_PORT.`,
    );
    expect(stage.has('etc')).toBe(false);
  });

  test('says where to look when it does not become healthy', async () => {
    const stage = new Stage();
    stage.areServicesWell = false;
    await expect(
      stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } }),
    ).rejects.toThrow(
      /is not healthy \(status 503\)\. See why: journalctl --unit octoporty-gateway --lines 30$/,
    );
  });

  test('only says what it would do on a dry run, and shows no secret', async () => {
    const stage = new Stage();
    const flags = { OCTOPORTY_LISTEN_PORT: await freePort(), OCTOPORTY_STATUS_TOKEN: 'hush' };
    await stage.install('gateway', { flags }, true);
    expect([stage.has('etc'), stage.orders]).toEqual([false, []]);
    const said = stage.said();
    expect(said.map((line) => line.split(/ {2,}| (?=\/)/)[0])).toEqual([
      'would be made',
      'would be made',
      'would be made',
      'would be started',
    ]);
    expect(said.join()).not.toContain('hush');
  });

  test('makes the folders of a system for everybody, and its own for root alone', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    const folders = ['etc', 'etc/systemd', 'etc/systemd/system', 'etc/octoporty'];
    const modes = folders.map((path) => statSync(join(stage.root, path)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o755, 0o755, 0o700]);
  });

  test('is enabled only, in a folder where systemd does not run', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    expect(stage.orders).toEqual(['--root=ROOT enable octoporty-gateway']);
  });
});

function modesOf(stage: Stage): number[] {
  const paths = [
    'etc/octoporty/auth-secret',
    'etc/octoporty/gateway.env',
    'etc/systemd/system/octoporty-gateway.service',
  ];
  return paths.map((path) => statSync(join(stage.root, path)).mode & 0o777);
}
