// What the agent runs with, in words.

import { expect, test } from 'vitest';
import { SKEWS } from '../../../protocol/api/settings.ts';
import { sayDatabase, sayRetention, wordsOfSkew } from '../../../ui/pages/settings/settingsWords.ts';
import { unbroken } from '../support/unbroken.ts';

test('versions that may not fit say what to do; those that fit need nothing', () => {
  expect(SKEWS.map((skew) => wordsOfSkew(skew, true).tone)).toEqual(['ok', 'ok', 'warn', 'bad']);
  expect(wordsOfSkew('none', true).advice).toBeUndefined();
  expect(wordsOfSkew('major', true).advice).toMatch(/same major version/);
  expect(wordsOfSkew(null, true)).toMatchObject({ tone: 'off', label: 'Not known' });
});

test('without a tunnel nothing is claimed of the versions but what was last heard', () => {
  const { tone, says } = wordsOfSkew('none', false);
  expect([tone, says]).toEqual(['off', 'When there was last a tunnel: Both sides run the same version.']);
});

test('retention is told by age and by number', () => {
  expect(sayRetention({ maxAgeMs: 604_800_000, maxRows: 100_000 }, 'request')).toBe(
    unbroken('7 d, at most 100,000 requests'),
  );
  expect(sayRetention({ maxAgeMs: 5_400_000, maxRows: 1 }, 'tunnel')).toBe(
    unbroken('1 h 30 min, at most 1 tunnel'),
  );
});

test('the database is told by its kind', () => {
  expect(sayDatabase({ kind: 'mssql', place: 'db/octoporty' })).toBe('SQL Server');
  expect(sayDatabase({ kind: 'sqlite', place: '/data/octoporty.sqlite' })).toMatch(/^SQLite/);
});
