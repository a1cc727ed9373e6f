// Owns the tests of how far apart two versions are.

import { expect, test } from 'vitest';
import { skewBetween } from '../../../services/agent/skew.ts';

test.each([
  ['1.2.3', '1.2.3', 'none'],
  ['1.2.3', '1.2.4', 'patch'],
  ['1.2.3', '1.2.3-beta.1', 'patch'],
  ['1.2.3', '1.3.3', 'minor'],
  ['1.2.3', '2.2.3', 'major'],
  ['0.1.0', '0.2.0', 'minor'],
  ['1.2.3', '', null],
  ['1.2.3', 'dev', null],
])('between %s and %s the skew is %s, whichever side has which', (one, other, skew) => {
  expect([skewBetween(one, other), skewBetween(other, one)]).toEqual([skew, skew]);
});
