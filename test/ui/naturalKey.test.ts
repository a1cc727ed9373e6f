// The order of texts as people expect it.

import { expect, test } from 'vitest';
import { compareKeys, naturalKey } from '../../ui/format/naturalKey.ts';

test.each([
  ['s1', 's2', 's10'],
  ['APP 3', 'app 12a', 'App 12b'],
  ['v1', 'v1.9.0', 'v1.10.0'],
  ['Abend', 'Ähre', 'zoo'],
  ['a', 'a-b', 'ab'],
  ['n3', 'n20000000000000000001', 'no'],
])('%j comes before %j and %j, whatever their order was', (...texts) => {
  const sorted = texts.toReversed().sort((one, other) => compareKeys(naturalKey(one), naturalKey(other)));
  expect(sorted).toEqual(texts);
});

test('numbers that are written with zeros in front are the same numbers', () => {
  expect(naturalKey('m007')).toBe(naturalKey('m7'));
  expect(naturalKey('m0')).toBe(naturalKey('m000'));
});
