// The list of mappings: which are shown, in which order, on which page, and how the address holds it.

import { expect, test } from 'vitest';
import type { MappingView } from '../../protocol/api/mappings.ts';
import {
  arranged,
  countStates,
  filterOf,
  NO_FILTER,
  PAGE_ROWS,
  pageOf,
  queryOf,
  searched,
  SORT_KEYS,
} from '../../ui/pages/mappings/mappingFilter.ts';
import { view } from './mappingViews.ts';

const A = view({ name: 'Zoo', externalDomain: 'a.example.com', route: { state: 'active' } });
const B = view({
  name: 'alpha',
  externalDomain: 'b.example.com',
  internalHost: '10.0.0.5',
  route: { state: 'refused' },
  activity: { lastSeen: '2026-01-31T12:00:00.000Z', requestsLastHour: 3 },
});
const C = view({
  name: 'Mid',
  externalDomain: 'b.example.com',
  externalPort: 8443,
  route: { state: 'disabled' },
  activity: { lastSeen: '2026-01-31T13:00:00.000Z', requestsLastHour: 1 },
});
const ALL = [C, A, B];

test('an address without a query shows everything in order of address', () => {
  expect(filterOf({})).toEqual(NO_FILTER);
  expect(queryOf(NO_FILTER)).toEqual({});
  expect(arranged(ALL, NO_FILTER)).toEqual([A, B, C]);
});

test('every filter comes back from the address it is put into', () => {
  for (const sort of SORT_KEYS) {
    const filter = { search: 'a&b=ü', state: 'refused', sort, isDescending: true, page: 3 } as const;
    expect(filterOf(queryOf(filter))).toEqual(filter);
  }
});

test('what an address says wrongly is as if it was not said', () => {
  const query = { search: ['a', 'b'], state: 'nonsense', sort: '__proto__', order: 'up', page: '-1' };
  expect(filterOf(query)).toEqual(NO_FILTER);
});

test.each([
  ['', ALL],
  ['ALPHA', [B]],
  ['b.example', [C, B]],
  [':8443', [C]],
  ['10.0.0.5', [B]],
  ['http://nas', [C, A]],
  ['nowhere', []],
] satisfies [string, MappingView[]][])(
  'a search for %j finds names, addresses and targets',
  (text, found) => {
    expect(searched(ALL, text)).toEqual(found);
  },
);

test.each([
  ['name', [B, C, A]],
  ['target', [B, A, C]],
  ['state', [B, A, C]],
  ['seen', [A, B, C]],
  ['requests', [A, C, B]],
] as const)('it is ordered by %s, and the other way round', (sort, order) => {
  expect(arranged(ALL, { ...NO_FILTER, sort })).toEqual(order);
  const turned = arranged(ALL, { ...NO_FILTER, sort, isDescending: true });
  expect(turned[0]?.name).toBe(sort === 'target' ? 'Zoo' : order[2].name);
});

test.each(['name', 'address', 'target'] as const)('numbers in a %s count as people count them', (sort) => {
  const numbered = [10, 2, 1, 100].map((n) =>
    view({ name: `App ${n}`, externalDomain: `s${n}.example.com`, internalHost: `10.0.0.${n}` }),
  );
  const names = arranged(numbered, { ...NO_FILTER, sort }).map(({ name }) => name);
  expect(names).toEqual(['App 1', 'App 2', 'App 10', 'App 100']);
});

test('of two with one name that of the lower port comes first', () => {
  const [http, other] = [view({ externalPort: 443 }), view({ externalPort: 8443 })];
  expect(arranged([other, http], NO_FILTER)).toEqual([http, other]);
});

test('of one state there are as many as are counted', () => {
  expect(countStates(ALL)).toEqual({ active: 1, pending: 0, refused: 1, offline: 0, disabled: 1 });
  expect(arranged(ALL, { ...NO_FILTER, state: 'refused' })).toEqual([B]);
});

test('a page that is not there is the last one', () => {
  const items = Array.from({ length: PAGE_ROWS * 2 + 1 }, (_item, index) => index);
  expect(pageOf(items, 1).rows).toHaveLength(PAGE_ROWS);
  expect(pageOf(items, 99)).toEqual({ rows: [PAGE_ROWS * 2], page: 3, pages: 3 });
  expect(pageOf([], 5)).toEqual({ rows: [], page: 1, pages: 1 });
});
