// Which requests may be sent twice.

import { expect, test } from 'vitest';
import { isRepeatable } from '../../protocol/head.ts';

const plain = { hasBody: false, isUpgrade: false };

test.each(['GET', 'HEAD', 'OPTIONS'])('a %s without a body may be sent twice', (method) => {
  expect(isRepeatable({ ...plain, method })).toBe(true);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'get'])('a %s may not', (method) => {
  expect(isRepeatable({ ...plain, method })).toBe(false);
});

test('a body or an upgrade makes any request one that may not', () => {
  expect(isRepeatable({ ...plain, method: 'GET', hasBody: true })).toBe(false);
  expect(isRepeatable({ ...plain, method: 'GET', isUpgrade: true })).toBe(false);
});
