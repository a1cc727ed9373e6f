// Owns the test of whether a service is said to answer: by the last request that says so.

import { expect, test } from 'vitest';
import { createAnswerTally } from '../../../ui/pages/mappings/answerTally.ts';
import { wordsOfRoute } from '../../../ui/words/routeWords.ts';
import { ID, view } from '../mappingViews.ts';

const at = (second: number) => `2026-01-31T12:00:${String(second).padStart(2, '0')}.000Z`;
const answered = (second: number) => ({
  portMappingId: ID,
  timestamp: at(second),
  durationMs: 5,
  outcome: 'complete' as const,
  errorCode: null,
});
const failed = (second: number) => ({
  ...answered(second),
  outcome: 'failed' as const,
  errorCode: 'origin_refused',
});

test('the request that ended last tells, in whatever order they are told', () => {
  const tally = createAnswerTally();
  expect(tally.failureOf(view())).toBeNull();
  tally.add([failed(9), answered(3)]);
  expect(tally.failureOf(view())).toMatch(/refuse/i);
  tally.add([answered(10)]);
  expect(tally.failureOf(view())).toBeNull();
});

test('a visitor who left says nothing of the service', () => {
  const tally = createAnswerTally();
  tally.add([failed(9), { ...failed(10), outcome: 'left' }]);
  expect(tally.failureOf(view())).not.toBeNull();
});

test('of a mapping that was changed since nothing is claimed', () => {
  const tally = createAnswerTally();
  tally.add([failed(9)]);
  expect(tally.failureOf(view({ updatedAt: at(20) }))).toBeNull();
});

test('a live route whose service does not answer is said to be both', () => {
  const { tone, label, says } = wordsOfRoute({ state: 'active' }, 'The target refused the connection.');
  expect([tone, label]).toEqual(['warn', 'Live, no answer']);
  expect(says).toContain('The target refused the connection.');
  expect(wordsOfRoute({ state: 'offline' }, 'The target refused the connection.').label).toBe('Offline');
});
