// Owns the tests of what `octoporty up` prints once everything works.

import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { bannerOf } from '../../services/up/banner.ts';

/** The lines with names that are published, as they are read. */
function published(count: number): string[] {
  const banner = bannerOf({
    version: '1.2.3',
    uiPort: 17_080,
    entrance: { port: 17_443, rootFile: null },
    publicNames: Array.from({ length: count }, (_each, n) => `app-${n + 1}.localhost`),
    tryName: null,
    login: { username: 'admin', password: 'password secret' },
  });
  const lines = stripVTControlCharacters(banner).split('\n');
  const from = lines.findIndex((line) => line.includes('Published'));
  const to = lines.findIndex((line) => line.includes('Publish one'));
  return lines.slice(from, to).map((line) => line.replace('Published', '').trim());
}

test('up to five names are printed, each on its line', () => {
  expect(published(0)).toEqual(['nothing yet']);
  expect(published(5)).toEqual([1, 2, 3, 4, 5].map((n) => `http://app-${n}.localhost:17443/`));
});

test('of thousands the first five are printed, and how many more there are', () => {
  const lines = published(10_000);
  expect(lines.slice(0, 5)).toEqual(published(5));
  expect(lines.slice(5)).toEqual(['and 9,995 more: see the dashboard']);
});
