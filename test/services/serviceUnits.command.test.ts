// Owns the tests of the command line of `octoporty service`: the systemctl it orders, and the arguments it refuses.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { run, tempDir } from './spawned.ts';

describe('the command', () => {
  test('orders the systemctl of the PATH', async () => {
    const folder = tempDir();
    const root = tempDir();
    writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$@" >>${join(folder, 'orders')}\n`);
    chmodSync(join(folder, 'systemctl'), 0o755);
    const env = { PATH: `${folder}:${process.env.PATH ?? ''}` };
    const args = ['service', 'install', 'gateway', '--root', root, '--listen-port', '5999'];
    const { code, stdout, stderr } = await run('services/cli.ts', args, env).ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`made      ${root}/etc/octoporty/gateway.env: OCTOPORTY_LISTEN_PORT 5999\n`);
    expect(readFileSync(join(folder, 'orders'), 'utf8')).toBe(
      `--no-pager --root=${root} enable octoporty-gateway\n`,
    );
  });

  test.each([
    [
      ['install', 'agent', '--gateway-host', 'x.example.com'],
      '--gateway-host is a setting of the gateway: the agent has no such.',
    ],
    [
      ['install', 'gateway', '--ui-port', '1'],
      '--ui-port is a setting of the agent: the gateway has no such.',
    ],
    [['install', 'gateway', '--gateway-host', ''], '--gateway-host needs a value.'],
    [['install', 'gateway', '--settings', '/nope', '--root', '/tmp'], '--settings: there is no file /nope.'],
    [
      ['install', 'gateway', '--settings', 'a', '--settings', 'b'],
      '--settings is given twice: give it once.',
    ],
    [
      ['install', 'gateway', '--env-file', fileURLToPath(import.meta.url)],
      '--env-file is a flag of Node itself: give the file by --settings.',
    ],
    [['uninstall', 'gateway', '--root', ''], '--root needs a folder, such as /mnt/image.'],
    [['status', '--root', '/dev/null'], '--root: there is no folder /dev/null.'],
  ])('refuses %j in one plain line', async (args, words) => {
    const { code, stdout, stderr } = await run('services/cli.ts', ['service', ...args]).ended;
    expect([code, stdout, stderr]).toEqual([1, '', `${words}\n`]);
  });

  test('refuses an unknown service in one plain line', async () => {
    const { code, stdout, stderr } = await run('services/cli.ts', ['service', 'install', 'caddy']).ended;
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      'There is a service "gateway" and a service "agent", no "caddy".\n',
    ]);
  });
});
