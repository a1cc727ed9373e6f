// Owns the tests of the folders that we make: whose they are, and that to make one has an end.

import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOwnerFolder } from '../../services/ownerFolder.ts';
import { run, tempDir } from './spawned.ts';

describe('a folder of ours', () => {
  it('is its owner’s alone, with those above it that were missing; what was there stays as it was', () => {
    const above = join(tempDir(), 'above');
    mkdirSync(above, { mode: 0o755 });
    const path = join(above, 'one', 'two');
    createOwnerFolder(path);
    createOwnerFolder(path);
    for (const made of [path, join(above, 'one')]) expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(statSync(above).mode & 0o777).toBe(0o755);
  });

  it('may be a link to one', () => {
    const link = join(tempDir(), 'link');
    symlinkSync(tempDir(), link);
    createOwnerFolder(link);
    createOwnerFolder(join(link, 'below'));
    expect(statSync(join(link, 'below')).isDirectory()).toBe(true);
  });

  it('is not made of a file, below one, or of a link that leads nowhere', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    const link = join(tempDir(), 'link');
    symlinkSync('/no/such', link);
    expect(() => createOwnerFolder(file)).toThrow('EEXIST');
    expect(() => createOwnerFolder(join(file, 'below'))).toThrow('ENOTDIR');
    expect(() => createOwnerFolder(link)).toThrow('EEXIST');
  });

  it.skipIf(!existsSync('/proc/self'))('is refused by one that takes no folders, at once', async () => {
    expect(() => createOwnerFolder('/proc/no/such')).toThrow('ENOENT');
    const up = run('services/cli.ts', ['up', '--data-dir', '/proc/no/such']);
    const { code, stderr } = await up.ended;
    expect(stderr).toMatch(/^The data folder \/proc\/no\/such cannot be used \(ENOENT: .*\n$/);
    expect(code).toBe(1);
  });
});
