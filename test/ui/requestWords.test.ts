// Owns the test of a request in words: its status, what became of it, where its time went.

import { expect, test } from 'vitest';
import { timingParts } from '../../ui/pages/requests/requestTiming.ts';
import { sayRequestError, wordsOfRequest } from '../../ui/words/requestWords.ts';

test.each([
  [200, 'complete', 'ok', '200'],
  [304, 'complete', 'ok', '304'],
  [404, 'complete', 'warn', '404'],
  [500, 'complete', 'bad', '500'],
  [502, 'failed', 'bad', '502'],
  [null, 'failed', 'bad', 'failed'],
  [200, 'cut', 'bad', '200 cut'],
  [200, 'left', 'off', '200 left'],
  [null, 'left', 'off', 'left'],
] as const)('status %s, %s: %s, “%s”', (statusCode, outcome, tone, label) => {
  expect(wordsOfRequest({ statusCode, outcome })).toMatchObject({ tone, label });
});

test('a WebSocket that has ended was no answer', () => {
  expect(wordsOfRequest({ statusCode: 101, outcome: 'complete' }).says).toMatch(/WebSocket/);
});

test('a code is said by the table of errors, and one that is not in it is said to be unknown', () => {
  expect(sayRequestError({ errorCode: 'origin_refused' })).toMatch(/refused the connection/);
  expect(sayRequestError({ errorCode: 'of_a_newer_agent' })).toMatch(/does not know/);
  expect(sayRequestError({ errorCode: null })).toBeNull();
});

test('the time is parted where the answer began', () => {
  const entry = { durationMs: 100, firstByteMs: 25, statusCode: 200, outcome: 'complete' } as const;
  expect(timingParts(entry)).toMatchObject([
    { name: 'Waiting', ms: 25, share: 0.25 },
    { name: 'Transfer', ms: 75, share: 0.75 },
  ]);
  expect(timingParts({ ...entry, durationMs: 0, firstByteMs: 0 })).toMatchObject([
    { share: 0 },
    { share: 1 },
  ]);
  expect(timingParts({ ...entry, firstByteMs: 200 })).toMatchObject([{ share: 1 }, { share: 0 }]);
});

test('where it is not known when the answer began, or none came, the time is one part', () => {
  const entry = { durationMs: 100, firstByteMs: null, statusCode: 200, outcome: 'complete' } as const;
  expect(timingParts(entry)).toMatchObject([{ name: 'Whole', ms: 100, share: 1 }]);
  expect(timingParts({ ...entry, outcome: 'failed' })).toMatchObject([{ name: 'Waiting', share: 1 }]);
});
