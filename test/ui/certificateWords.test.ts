// What is said of a certificate: nothing as long as all is well.

import { expect, test } from 'vitest';
import { wordsOfCertificate } from '../../ui/words/certificateWords.ts';

const NOW_MS = Date.UTC(2026, 0, 31);
const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(NOW_MS + days * DAY_MS).toISOString();

test('a good certificate is not worth a word, not even one that lives for hours as those of a local authority do', () => {
  for (const days of [60, 3, 0.1])
    expect(wordsOfCertificate({ state: 'issued', expiresAt: inDays(days) }, NOW_MS)).toBeNull();
  expect(wordsOfCertificate({ state: 'issued' }, NOW_MS)).toBeNull();
});

test('one that has ended is, and so is one that is not there', () => {
  expect(wordsOfCertificate({ state: 'issued', expiresAt: inDays(-1) }, NOW_MS)?.tone).toBe('bad');
  expect(wordsOfCertificate({ state: 'pending' }, NOW_MS)?.tone).toBe('busy');
  expect(wordsOfCertificate({ state: 'failed', reason: 'DNS leads elsewhere.' }, NOW_MS)).toEqual({
    tone: 'bad',
    label: 'No certificate',
    says: 'DNS leads elsewhere.',
  });
});

test('what stands in the way of one that is pending, or of the renewal of one that is good, is said', () => {
  const elsewhere = 'app.example.com points to 192.0.2.7, not to this gateway.';
  expect(wordsOfCertificate({ state: 'pending', reason: elsewhere }, NOW_MS)).toEqual({
    tone: 'warn',
    label: 'Certificate pending',
    says: elsewhere,
  });
  const reason = 'It is good for now, but not renewed. Port 80 is closed.';
  const good = { state: 'issued', reason } as const;
  expect(wordsOfCertificate({ ...good, expiresAt: inDays(60) }, NOW_MS)).toEqual({
    tone: 'warn',
    label: 'Certificate not renewed',
    says: reason,
  });
  expect(wordsOfCertificate(good, NOW_MS)?.says).toBe(reason);
  // It is not good any more: what was told before is no longer true.
  expect(wordsOfCertificate({ ...good, expiresAt: inDays(-1) }, NOW_MS)?.says).not.toBe(reason);
});
