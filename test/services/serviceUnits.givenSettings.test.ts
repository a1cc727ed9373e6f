// Owns the tests of the settings that a service is installed with: which of them count, and which are refused.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SECRET, Stage } from './serviceStage.ts';
import { tempDir } from './spawned.ts';

describe('installing a gateway', () => {
  test('takes flags over the environment, and that over a file, with secrets as files', async () => {
    const stage = new Stage(false);
    const folder = tempDir();
    const file = join(folder, 'settings');
    const token = join(folder, 'token');
    writeFileSync(token, 'hush\n');
    writeFileSync(
      file,
      'OCTOPORTY_HEAD_TIMEOUT=1s\nOCTOPORTY_ROUTE_LEASE=1h\nOCTOPORTY_LISTEN_PORT=1\nOCTOPORTY_UI_PORT=9\n',
    );
    const environment = {
      OCTOPORTY_ROUTE_LEASE: '2h',
      OCTOPORTY_LISTEN_PORT: '2',
      OCTOPORTY_STATUS_TOKEN_FILE: token,
      OCTOPORTY_AUTH_SECRET: SECRET,
    };
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: '3' }, environment, file });
    expect(stage.text('etc/octoporty/gateway.env').split('\n').slice(1, -1).sort()).toEqual([
      'OCTOPORTY_HEAD_TIMEOUT=1s',
      'OCTOPORTY_LISTEN_PORT=3',
      'OCTOPORTY_ROUTE_LEASE=2h',
      'OCTOPORTY_STATUS_TOKEN=hush',
    ]);
    expect(stage.text('etc/octoporty/auth-secret')).toBe(`${SECRET}\n`);
  });

  test.each([
    [{ OCTOPORTY_LISTEN_PORT: 'x' }, '--listen-port must be a port from 0 to 65535, not "x".'],
    [{ OCTOPORTY_AUTH_SECRET: 'short' }, 'has 5 bytes'],
    [{ OCTOPORTY_CADDY_ADMIN_URL: 'http://localhost:2019' }, 'OCTOPORTY_GATEWAY_HOST is not set'],
    [{ OCTOPORTY_STATUS_TOKEN: 'a\nb' }, 'one line'],
  ])('writes nothing with %j', async (flags, words) => {
    const stage = new Stage();
    await expect(stage.install('gateway', { flags })).rejects.toThrow(words);
    expect([stage.has('etc'), stage.orders]).toEqual([false, []]);
  });

  test('names an unknown setting of a file by its line, and what may be meant', async () => {
    const stage = new Stage();
    const file = join(tempDir(), 'settings');
    writeFileSync(file, '# mine\nOCTOPORTY_LISTEN_PROT=1\n');
    await expect(stage.install('gateway', { file })).rejects.toThrow(
      `${file}:2: there is no setting OCTOPORTY_LISTEN_PROT; the nearest is OCTOPORTY_LISTEN_PORT.`,
    );
  });

  test.each([
    ['a folder', (folder: string) => folder, 'is a folder, and no file of NAME=value lines.'],
    ['not there', (folder: string) => join(folder, 'nope'), 'there is no file '],
    ['a device', () => '/dev/null', '/dev/null is no file of NAME=value lines.'],
    ['below a file', (folder: string) => join(folder, 'settings', 'x'), 'x (ENOTDIR).'],
    ['nothing', () => '', '--settings: name a file.'],
  ])('refuses a file of settings that is %s in one line, and changes nothing', async (_kind, path, words) => {
    const stage = new Stage();
    const folder = tempDir();
    writeFileSync(join(folder, 'settings'), '');
    const refused = stage.install('gateway', { file: path(folder) });
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(/^--settings: .*\.$/);
    expect(stage.has('etc')).toBe(false);
  });

  test('refuses a file that could not be settings by its size', async () => {
    const file = join(tempDir(), 'settings');
    writeFileSync(file, '#'.repeat(2 * 1024 * 1024));
    await expect(new Stage().install('gateway', { file })).rejects.toThrow(
      'is larger than all settings together could be',
    );
  });

  test('names a line of a file that is none, and a name that is like no other', async () => {
    const stage = new Stage();
    const file = join(tempDir(), 'settings');
    writeFileSync(file, 'OCTOPORTY_LISTEN_PORT 5000\n');
    await expect(stage.install('gateway', { file })).rejects.toThrow(`${file}:1: must be NAME=value`);
    writeFileSync(file, '_=1\n');
    await expect(stage.install('gateway', { file })).rejects.toThrow(`${file}:1: there is no setting _.`);
  });

  test('reads a file that begins with a mark which nobody sees', async () => {
    const stage = new Stage(false);
    const file = join(tempDir(), 'settings');
    writeFileSync(file, '\uFEFFOCTOPORTY_ROUTE_LEASE=2h\r\n');
    await stage.install('gateway', { file });
    expect(stage.text('etc/octoporty/gateway.env')).toContain('\nOCTOPORTY_ROUTE_LEASE=2h\n');
  });
});
