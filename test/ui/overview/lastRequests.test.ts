// Owns the tests of requests from the log and the hub put together.

import { expect, test } from 'vitest';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { newestOf, unknownOf } from '../../../ui/pages/overview/lastRequests.ts';

/** The `n`th to end. */
function entry(n: number): RequestLogEntry {
  return {
    id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
    portMappingId: '11111111-1111-4111-8111-111111111111',
    timestamp: '2026-01-31T12:00:00.000Z',
    method: 'GET',
    path: `/${n}`,
    statusCode: 200,
    durationMs: 1,
    firstByteMs: 1,
    bytesIn: 0,
    bytesOut: 0,
    outcome: 'complete',
    errorCode: null,
    visitorAddress: '127.0.0.1',
  };
}

const pathsOf = (items: readonly RequestLogEntry[]) => items.map(({ path }) => path);

test('a request that both the log and the hub told of is taken once', () => {
  expect(pathsOf(unknownOf([entry(3), entry(2)], [entry(2), entry(1)]))).toEqual(['/3']);
});

test('the newest come first, from whichever side, and no more than there is room for', () => {
  expect(pathsOf(newestOf([entry(1), entry(4), entry(2), entry(3)], 3))).toEqual(['/4', '/3', '/2']);
});
