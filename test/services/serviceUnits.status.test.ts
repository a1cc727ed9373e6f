// Owns the tests of `octoporty service status`: of this system, and of a folder that stands for one.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { status } from '../../services/serviceUnits/status.ts';
import { freePort, Stage, takenPort } from './serviceStage.ts';

describe('the status', () => {
  test('is one line for each service, and well when all are', async () => {
    const stage = new Stage();
    expect(await status(stage.setUp())).toBe(false);
    expect(stage.said()[0]).toMatch(/^No service is installed here/);
    const port = await freePort();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: port } });
    stage.said();
    expect(await status(stage.setUp())).toBe(true);
    expect(stage.said()).toEqual([`gateway  active, enabled. The gateway on port ${port} is healthy.`]);
    stage.areServicesWell = false;
    expect(await status(stage.setUp())).toBe(false);
  });

  test('is unknown where no systemctl answers, and quotes nothing as a state', async () => {
    const stage = new Stage();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    stage.said();
    const missing = async () => ({ code: 127, output: 'spawn systemctl ENOENT' });
    expect(await status({ ...stage.setUp(), systemctl: missing })).toBe(false);
    expect(stage.said()[0]).toMatch(/^gateway {2}unknown, unknown\. /);
  });
});

describe('the status of a folder that stands for a system', () => {
  test('is what its files say: no port and no systemd of this machine is asked', async () => {
    const stage = new Stage(false);
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await takenPort() } });
    stage.said();
    const neverAsked = () => Promise.reject(new Error('systemctl was asked'));
    const lookOnly = { ...stage.setUp(), systemctl: neverAsked };
    expect(await status(lookOnly)).toBe(false);
    const wants = join(stage.root, 'etc/systemd/system/multi-user.target.wants');
    mkdirSync(wants);
    symlinkSync('../octoporty-gateway.service', join(wants, 'octoporty-gateway.service'));
    expect(await status(lookOnly)).toBe(false);
    const rest = 'Whether it runs and is well, only that system can say.';
    expect(stage.said()).toEqual([
      `gateway  installed in ${stage.root}, disabled. ${rest}`,
      `gateway  installed in ${stage.root}, enabled. ${rest}`,
    ]);
  });

  test('names the folder where nothing is installed', async () => {
    const stage = new Stage(false);
    expect(await status(stage.setUp())).toBe(false);
    expect(stage.said()).toEqual([
      `No service is installed in ${stage.root}: "octoporty service install gateway --root ${stage.root}", or "agent".`,
    ]);
  });
});
