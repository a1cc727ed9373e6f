// A version is published only when its tag, package.json, the lockfile and the changelog agree.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { beforeEach, expect, test } from 'vitest';
import { VERSION } from '../../services/version.ts';
import { ROOT } from './shipped.ts';

const SCRIPT = join('.ci', 'release');

let folder = '';

/** A repository as it is right before its tag. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octoporty-release-'));
  for (const file of [SCRIPT, 'package.json', 'package-lock.json']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(folder, file));
  }
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  writeFileSync(join(folder, 'CHANGELOG.md'), `${changelog}\n## [${VERSION}] - 2026-01-01\n`);
  const made = folder;
  return () => rmSync(made, { recursive: true, force: true });
});

test('a version whose tag, lockfile and changelog agree may be published', () => {
  expect(release(`v${VERSION}`)).toEqual({ status: 0, said: '' });
});

test.each([
  [
    'v9.9.9',
    /^package\.json says \S+, the tag 9\.9\.9\.\npackage-lock\.json says .*\nCHANGELOG\.md has no section for 9\.9\.9\.\n$/,
  ],
  [VERSION, /a tag is v and the version\.\n$/],
])('a tag %s that is not of this version may not, and all that is wrong is said', (tag, said) => {
  expect(release(tag)).toEqual({ status: 1, said: expect.stringMatching(said) });
});

test('a version without its section in the changelog may not be published', () => {
  writeFileSync(join(folder, 'CHANGELOG.md'), `## [Unreleased]\n\n- ${VERSION}\n`);
  expect(release(`v${VERSION}`)).toEqual({
    status: 1,
    said: `CHANGELOG.md has no section for ${VERSION}.\n`,
  });
});

function release(tag: string): { status: number | null; said: string } {
  const { status, stderr } = spawnSync(join(folder, SCRIPT), [tag], { encoding: 'utf8' });
  return { status, said: stderr };
}
