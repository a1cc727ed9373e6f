// What is said of a certificate: nothing as long as all is well.

import { expect, test } from 'vitest';
import { wordsOfCertificate } from '../../ui/words/certificateWords.ts';

const NOW_MS = Date.UTC(2026, 0, 31);
const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(NOW_MS + days * DAY_MS).toISOString();

test('a certificate that is valid for long is not worth a word', () => {
  expect(wordsOfCertificate({ state: 'issued', expiresAt: inDays(60) }, NOW_MS)).toBeNull();
  expect(wordsOfCertificate({ state: 'issued' }, NOW_MS)).toBeNull();
});

test('one that ends soon or has ended is, and so is one that is not there', () => {
  expect(wordsOfCertificate({ state: 'issued', expiresAt: inDays(3) }, NOW_MS)?.tone).toBe('warn');
  expect(wordsOfCertificate({ state: 'issued', expiresAt: inDays(-1) }, NOW_MS)?.tone).toBe('bad');
  expect(wordsOfCertificate({ state: 'pending' }, NOW_MS)?.tone).toBe('busy');
  expect(wordsOfCertificate({ state: 'failed', reason: 'DNS leads elsewhere.' }, NOW_MS)).toEqual({
    tone: 'bad',
    label: 'No certificate',
    says: 'DNS leads elsewhere.',
  });
});
