// Owns the test of what is chosen among requests: the address, the API's query, and the pick among live ones agree.

import { expect, test } from 'vitest';
import {
  addressOf,
  choiceOf,
  EVERYTHING,
  filterOf,
  isChosen,
  isEverything,
} from '../../ui/pages/requests/requestFilter.ts';

const MAPPING = '0198c0de-0000-7000-8000-000000000001';
const ROW = { portMappingId: MAPPING, method: 'GET', statusCode: 404, path: '/Photos/Summer' };

test('an address says what is chosen, and comes out as it went in', () => {
  const query = { mapping: MAPPING, method: 'GET', status: '4xx', path: '/photos' };
  expect(addressOf(choiceOf(query))).toEqual(query);
  expect(addressOf(EVERYTHING)).toEqual({});
  expect(isEverything(choiceOf({}))).toBe(true);
  expect(isEverything(choiceOf(query))).toBe(false);
});

test.each([
  [{ status: '9000' }],
  [{ status: 'xxx' }],
  [{ mapping: 'not-an-id' }],
  [{ path: 'x'.repeat(1_001) }],
  [{ method: 'x'.repeat(33) }],
  [{ method: ['GET', 'POST'] }],
  [{ other: 'word' }],
])('an address with %o chooses nothing by it', (query) => {
  expect(choiceOf(query)).toEqual(EVERYTHING);
});

test('the API is asked for what is chosen only', () => {
  expect(filterOf({ ...EVERYTHING, status: '5xx' })).toEqual({
    mappingId: undefined,
    method: undefined,
    status: '5xx',
    path: undefined,
  });
});

test.each([
  [{}, true],
  [{ mapping: MAPPING }, true],
  [{ mapping: '0198c0de-0000-7000-8000-000000000002' }, false],
  [{ method: 'GET' }, true],
  [{ method: 'POST' }, false],
  [{ status: '4xx' }, true],
  [{ status: '404' }, true],
  [{ status: '5xx' }, false],
  [{ status: '403' }, false],
  [{ path: 'photos/s' }, true],
  [{ path: 'winter' }, false],
  [{ path: '%' }, false],
  [{ method: 'GET', path: 'winter' }, false],
])('of live ones %o picks a GET /Photos/Summer that was answered by 404: %s', (part, isPicked) => {
  expect(isChosen({ ...EVERYTHING, ...part }, ROW)).toBe(isPicked);
});

test('a request without an answer has no status to be chosen by', () => {
  expect(isChosen({ ...EVERYTHING, status: '5xx' }, { ...ROW, statusCode: null })).toBe(false);
});
