// Owns the tests of requests from the log and the hub put together.

import { expect, test } from 'vitest';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { endedRequest as entry } from '../../support/hubTells.ts';
import { newestOf, unknownOf, type EndedRequest } from '../../../ui/pages/overview/lastRequests.ts';

/** One that took so many seconds. */
function long(n: number, seconds: number): RequestLogEntry {
  return entry(n, { durationMs: seconds * 1000 });
}

const pathsOf = (items: readonly EndedRequest[]) => items.map(({ request }) => request.path);
const all = (items: readonly RequestLogEntry[]) => unknownOf(items, [], 10);

test('a request that both the log and the hub told of is taken once', () => {
  expect(pathsOf(unknownOf([entry(3), entry(2)], all([entry(2), entry(1)]), 10))).toEqual(['/3']);
});

test('the last ones that ended come first, from whichever side, and no more than there is room for', () => {
  expect(pathsOf(newestOf(all([entry(1), entry(4), entry(2), entry(3)]), 3))).toEqual(['/4', '/3', '/2']);
});

test('a download that arrived long before others and ended after them is the first', () => {
  expect(pathsOf(newestOf(all([long(1, 600), entry(2), entry(3)]), 2))).toEqual(['/1', '/3']);
});

test('what was known and forgotten is not taken again when it is loaded again', () => {
  const known = newestOf(all([long(1, 9), long(2, 8), long(3, 7)]), 2);
  expect(pathsOf(unknownOf([long(3, 7), long(2, 8), long(4, 10)], known, 2))).toEqual(['/4']);
});
