// Owns the tests of the configuration file on the disk: which one is read, and what must be there.

import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfigFile, whole } from '../../services/config/configFile.ts';
import { OPEN, OWN } from './configTextStage.ts';
import { refusal } from './refusal.ts';
import { tempDir } from './spawned.ts';

describe('the configuration file that is read', () => {
  it('is the one that is named, as it is on the disk', async () => {
    const path = join(tempDir(), 'own.yaml');
    writeFileSync(path, 'uiPassword: hunter2');
    chmodSync(path, OPEN);
    const read = await readConfigFile({ path, label: '--config' });
    expect(read?.path).toBe(path);
    expect(refusal(() => whole(read))).toMatch(/uiPassword is a secret/);
    chmodSync(path, OWN);
    expect(whole(await readConfigFile({ path, label: '--config' }))?.values.size).toBe(1);
  });

  it('must be text', async () => {
    const path = join(tempDir(), 'own.yaml');
    writeFileSync(path, Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    expect(await refusalOf(path)).toBe(`--config: ${path} is not plain text: save it as UTF-8.`);
  });

  it('must be there when it is named', async () => {
    expect(await refusalOf('/no/such.yaml')).toBe('--config: cannot read /no/such.yaml (ENOENT).');
    expect(await refusalOf('')).toBe('--config names no file: give its path.');
  });

  it('must be a file, of a size that a configuration has', async () => {
    const folder = tempDir();
    const large = join(folder, 'large.yaml');
    writeFileSync(large, '#'.repeat(2 * 1024 * 1024 + 1));
    expect(await refusalOf(large)).toBe(
      `--config: ${large} is larger than 2 MiB, which no configuration is.`,
    );
    expect(await refusalOf(folder)).toBe(`--config: ${folder} is no file.`);
    const nowhere = join(folder, 'octoporty.yaml');
    symlinkSync('nothing', nowhere);
    expect(await refusalOf(nowhere)).toContain('ENOENT');
  });

  it('is none where there is none of the usual ones', async () => {
    expect(await readConfigFile(null)).toBeNull();
  });
});

async function refusalOf(path: string): Promise<string> {
  const read = await readConfigFile({ path, label: '--config' }).catch((error: unknown) => error);
  return refusal(() => {
    throw read;
  });
}
