// Owns the test of where the keyboard's cursor goes in a list.

import { expect, test } from 'vitest';
import { cursorAfter } from '../../ui/keys/cursorAfter.ts';

test.each([
  ['ArrowDown', -1, 0],
  ['ArrowDown', 0, 1],
  ['ArrowDown', 29, 29],
  ['ArrowUp', -1, 0],
  ['ArrowUp', 5, 4],
  ['ArrowUp', 0, 0],
  ['PageDown', 0, 10],
  ['PageDown', 25, 29],
  ['PageUp', 3, 0],
  ['Home', 12, 0],
  ['End', -1, 29],
  ['x', 3, null],
])('%s at %i of 30 rows leads to %s', (key, at, to) => {
  expect(cursorAfter(key, at, 30)).toBe(to);
});

test('an empty list has no place for a cursor', () => {
  expect(cursorAfter('ArrowDown', -1, 0)).toBeNull();
});
