// What the package says of itself: where it was made, and only what one version of each library stands behind.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { manifestOf } from '../../deploy/package/manifest.ts';

const packageText = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');

test('made by a workflow, it names that workflow’s repository, as npm’s provenance asks for', () => {
  const env = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'somebody/octoporty' };
  expect(manifestOf(packageText, env).repository).toEqual({
    type: 'git',
    url: 'git+https://github.com/somebody/octoporty.git',
  });
});

test('made anywhere else, it names no repository', () => {
  expect(manifestOf(packageText, {})).not.toHaveProperty('repository');
});

test('a library that is not pinned to one version is refused', () => {
  const loose = packageText.replace(/"koa": "[^"]+"/, '"koa": "^3.0.0"');
  expect(() => manifestOf(loose, {})).toThrow('koa is not pinned to one version: ^3.0.0.');
});
