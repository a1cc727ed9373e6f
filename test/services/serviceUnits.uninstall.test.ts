// Owns the tests of `octoporty service uninstall`: what it stops, takes away and keeps.

import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { uninstall } from '../../services/serviceUnits/uninstall.ts';
import { AGENT, freePort, Stage } from './serviceStage.ts';

describe('uninstalling', () => {
  test('stops the service and keeps what it knows, which it says', async () => {
    const stage = new Stage();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    stage.said();
    stage.orders.length = 0;
    await uninstall('gateway', stage.setUp(), false);
    expect(stage.orders).toEqual([
      'disable --now octoporty-gateway',
      'daemon-reload',
      'reset-failed octoporty-gateway',
    ]);
    expect(stage.has('etc/systemd/system/octoporty-gateway.service')).toBe(false);
    expect(stage.has('etc/octoporty/gateway.env')).toBe(true);
    expect(stage.said().at(-1)).toMatch(/^Kept: .*gateway\.env, .*auth-secret\. With --purge they go too\.$/);
    await uninstall('gateway', stage.setUp(), false);
    expect(stage.said()[0]).toBe('octoporty-gateway is not installed.');
  });

  test('takes away what is left of a service that somebody has removed by half', async () => {
    const stage = new Stage();
    const link = 'etc/systemd/system/multi-user.target.wants/octoporty-gateway.service';
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    mkdirSync(join(stage.root, link, '..'));
    symlinkSync('../octoporty-gateway.service', join(stage.root, link));
    rmSync(join(stage.root, 'etc/systemd/system/octoporty-gateway.service'));
    stage.orders.length = 0;
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.orders).toEqual([
      'stop octoporty-gateway',
      'daemon-reload',
      'reset-failed octoporty-gateway',
    ]);
    expect(readdirSync(join(stage.root, 'etc/systemd/system/multi-user.target.wants'))).toEqual([]);
    stage.said();
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.said()).toEqual(['octoporty-gateway is not installed.']);
  });

  test('stops what runs without any unit', async () => {
    const stage = new Stage();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    rmSync(join(stage.root, 'etc/systemd/system/octoporty-gateway.service'));
    await uninstall('gateway', stage.setUp(), false);
    expect(stage.orders).toContain('stop octoporty-gateway');
  });

  test('in a folder that stands for a system stops nothing, and says which folder it was', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    stage.said();
    stage.orders.length = 0;
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.orders).toEqual(['--root=ROOT disable octoporty-gateway']);
    expect(stage.said()[0]).toBe(`disabled  octoporty-gateway in ${stage.root}`);
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.said().at(-1)).toBe(`octoporty-gateway is not installed in ${stage.root}.`);
  });

  test('with --purge takes settings and data away, and the secret with the last service', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    await stage.install('agent', { environment: { ...AGENT, OCTOPORTY_AUTH_SECRET: undefined } });
    mkdirSync(join(stage.root, 'var/lib/private/octoporty-agent'), { recursive: true });
    await uninstall('agent', stage.setUp(), true);
    expect(stage.has('var/lib/private/octoporty-agent')).toBe(false);
    expect(stage.has('etc/octoporty/agent.env')).toBe(false);
    expect(stage.has('etc/octoporty/auth-secret')).toBe(true);
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.has('etc/octoporty')).toBe(false);
  });
});
