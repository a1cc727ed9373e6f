// Owns the tests of the texts that `octoporty up` makes up once: each is kept for good, whoever else starts meanwhile.

import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptText, readKept } from '../../services/up/keptText.ts';
import { tempDir } from './spawned.ts';

describe('a text that is made up', () => {
  it('is kept for its owner only, and the same from then on', () => {
    const dataDir = join(tempDir(), 'below');
    const path = join(dataDir, 'secret');
    expect(readKept(dataDir, 'secret')).toBeNull();
    expect(keptText(dataDir, 'secret', () => 'first')).toEqual({ path, text: 'first', isNew: true });
    expect(keptText(dataDir, 'secret', () => 'second')).toEqual({ path, text: 'first', isNew: false });
    expect(readKept(dataDir, 'secret')).toBe('first');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is the one of whoever was first, where two start at once', () => {
    const dataDir = tempDir();
    const path = join(dataDir, 'secret');
    const kept = keptText(dataDir, 'secret', () => {
      writeFileSync(path, 'theirs\n');
      return 'ours';
    });
    expect(kept).toEqual({ path, text: 'theirs', isNew: false });
    expect(readFileSync(path, 'utf8')).toBe('theirs\n');
  });

  it('takes the place of an empty one, as a crash leaves it', () => {
    const dataDir = tempDir();
    writeFileSync(join(dataDir, 'secret'), '');
    expect(keptText(dataDir, 'secret', () => 'ours')).toMatchObject({ text: 'ours', isNew: true });
    expect(readKept(dataDir, 'secret')).toBe('ours');
  });

  it('is not kept where a link leads nowhere', () => {
    const dataDir = tempDir();
    symlinkSync('/no/such', join(dataDir, 'secret'));
    expect(() => keptText(dataDir, 'secret', () => 'ours')).toThrow(
      `The data folder ${dataDir} cannot be used (EEXIST`,
    );
  });
});
