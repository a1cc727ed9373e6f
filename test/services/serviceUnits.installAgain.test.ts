// Owns the tests of installing a service that is there already: what stays, what changes, and where its secrets are kept.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, SECRET, Stage } from './serviceStage.ts';
import { tempDir } from './spawned.ts';

describe('installing a gateway', () => {
  test('changes nothing a second time, and says so', async () => {
    const stage = new Stage();
    const flags = { OCTOPORTY_LISTEN_PORT: await freePort() };
    await stage.install('gateway', { flags });
    const secret = stage.text('etc/octoporty/auth-secret');
    stage.said();
    stage.orders.length = 0;
    await stage.install('gateway');
    expect(stage.said().filter((line) => line.startsWith('unchanged'))).toHaveLength(4);
    expect(stage.text('etc/octoporty/auth-secret')).toBe(secret);
    expect(stage.orders).toEqual(['enable --now octoporty-gateway']);
  });

  test('says which setting has changed from what, keeps the others, and starts it anew', async () => {
    const stage = new Stage();
    await stage.install('gateway', {
      flags: { OCTOPORTY_LISTEN_PORT: await freePort(), OCTOPORTY_STATUS_TOKEN: 'old' },
    });
    stage.said();
    stage.orders.length = 0;
    await stage.install('gateway', { flags: { OCTOPORTY_ROUTE_LEASE: '2h', OCTOPORTY_STATUS_TOKEN: 'new' } });
    await stage.install('gateway', { flags: { OCTOPORTY_ROUTE_LEASE: '3h' } });
    const changed = stage.said().filter((line) => line.startsWith('changed'));
    expect(changed.map((line) => line.replace(stage.root, ''))).toEqual([
      'changed   /etc/octoporty/gateway.env: OCTOPORTY_STATUS_TOKEN, OCTOPORTY_ROUTE_LEASE 2h',
      'changed   /etc/octoporty/gateway.env: OCTOPORTY_ROUTE_LEASE 2h → 3h',
    ]);
    expect(stage.text('etc/octoporty/gateway.env')).toContain('OCTOPORTY_STATUS_TOKEN=new\n');
    expect(stage.orders.filter((order) => order === 'restart octoporty-gateway')).toHaveLength(2);
  });

  test('a second time leaves a secret in the file that its settings name', async () => {
    const stage = new Stage(false);
    const token = join(tempDir(), 'token');
    writeFileSync(token, 'hush\n');
    const path = join(stage.root, 'etc/octoporty/gateway.env');
    await stage.install('gateway');
    writeFileSync(path, `OCTOPORTY_STATUS_TOKEN_FILE=${token}\n`);
    await stage.install('gateway', { flags: { OCTOPORTY_ROUTE_LEASE: '2h' } });
    expect(stage.text('etc/octoporty/gateway.env')).toBe(
      `OCTOPORTY_STATUS_TOKEN_FILE=${token}\nOCTOPORTY_ROUTE_LEASE=2h\n`,
    );
  });

  test('replaces the file of a secret by the secret that is given, as only one of them may be set', async () => {
    const stage = new Stage(false);
    const token = join(tempDir(), 'token');
    writeFileSync(token, 'old\n');
    const path = join(stage.root, 'etc/octoporty/gateway.env');
    await stage.install('gateway');
    writeFileSync(path, `OCTOPORTY_STATUS_TOKEN_FILE=${token}\n`);
    await stage.install('gateway', { environment: { OCTOPORTY_STATUS_TOKEN: 'new' } });
    expect(stage.text('etc/octoporty/gateway.env')).toBe('OCTOPORTY_STATUS_TOKEN=new\n');
  });

  test('keeps the shared secret in a file of one’s own, until another one is given', async () => {
    const stage = new Stage(false);
    const file = join(tempDir(), 'secret');
    writeFileSync(file, `${SECRET}\n`);
    const path = join(stage.root, 'etc/octoporty/gateway.env');
    await stage.install('gateway');
    writeFileSync(path, `OCTOPORTY_AUTH_SECRET_FILE=${file}\n`);
    await stage.install('gateway');
    expect(stage.text('etc/octoporty/gateway.env')).toBe(`OCTOPORTY_AUTH_SECRET_FILE=${file}\n`);
    expect(stage.text('etc/octoporty/auth-secret')).toBe(`${SECRET}\n`);
    const other = 'o'.repeat(40);
    await stage.install('gateway', { environment: { OCTOPORTY_AUTH_SECRET: other } });
    expect(stage.text('etc/octoporty/gateway.env')).not.toContain('OCTOPORTY_AUTH_SECRET');
    expect(stage.text('etc/octoporty/auth-secret')).toBe(`${other}\n`);
  });
});
