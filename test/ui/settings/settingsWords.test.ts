// What the agent runs with, in words.

import { expect, test } from 'vitest';
import { SKEWS } from '../../../protocol/api/settings.ts';
import { sayDatabase, sayRetention, wordsOfSkew } from '../../../ui/pages/settings/settingsWords.ts';

test('versions that may not fit say what to do; those that fit need nothing', () => {
  expect(SKEWS.map((skew) => wordsOfSkew(skew).tone)).toEqual(['ok', 'ok', 'warn', 'bad']);
  expect(wordsOfSkew('none').advice).toBeUndefined();
  expect(wordsOfSkew('major').advice).toMatch(/same major version/);
  expect(wordsOfSkew(null)).toMatchObject({ tone: 'off', label: 'Not known' });
});

test('retention is told by age and by number', () => {
  expect(sayRetention({ maxAgeMs: 604_800_000, maxRows: 100_000 }, 'request')).toBe(
    '7 d, at most 100,000 requests',
  );
  expect(sayRetention({ maxAgeMs: 5_400_000, maxRows: 1 }, 'tunnel')).toBe('1 h 30 min, at most 1 tunnel');
});

test('the database is told by its kind', () => {
  expect(sayDatabase({ kind: 'mssql', place: 'db/octoporty' })).toBe('SQL Server');
  expect(sayDatabase({ kind: 'sqlite', place: '/data/octoporty.sqlite' })).toMatch(/^SQLite/);
});
