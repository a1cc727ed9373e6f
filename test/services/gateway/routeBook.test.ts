// Owns the tests of the book of routes: what is known of each, and when it is news.

import { expect, test } from 'vitest';
import {
  PENDING,
  RouteBook,
  type DesiredRoute,
  type RouteStanding,
} from '../../../services/gateway/routeBook.ts';

const APP: DesiredRoute = { owner: 'a', id: '1', domain: 'app.test', port: 443 };
const APPLIED: RouteStanding = { state: 'applied', reason: '' };
const TAKEN: RouteStanding = { state: 'conflict', reason: 'Another route has it.' };

test('a route that was noted stands as noted, any other is pending', () => {
  const book = new RouteBook();
  expect(book.standingOf(APP)).toEqual(PENDING);
  book.note([[APP, APPLIED]]);
  expect(book.standingOf({ ...APP })).toEqual(APPLIED);
  expect(book.standingOf({ ...APP, owner: 'b' })).toEqual(PENDING);
  book.note([]);
  expect(book.standingOf(APP)).toEqual(PENDING);
});

test.each<Partial<DesiredRoute>>([{ domain: 'web.test' }, { port: 80 }])(
  'a mapping that has moved since (%o) is pending again',
  (moved) => {
    const book = new RouteBook();
    book.note([[APP, APPLIED]]);
    expect(book.standingOf({ ...APP, ...moved })).toEqual(PENDING);
  },
);

test.each<[string, [DesiredRoute, RouteStanding][]]>([
  ['another state', [[APP, TAKEN]]],
  ['another reason', [[APP, { ...APPLIED, reason: 'Slowly.' }]]],
  ['another name', [[{ ...APP, domain: 'web.test' }, APPLIED]]],
  ['another route in its place', [[{ ...APP, id: '2' }, APPLIED]]],
  [
    'one route more',
    [
      [APP, APPLIED],
      [{ ...APP, id: '2' }, APPLIED],
    ],
  ],
  ['no route any more', []],
])('%s is news, and the same once more is none', (_, next) => {
  const book = new RouteBook();
  let moves = 0;
  book.note([[APP, APPLIED]]);
  book.onMoved(() => (moves += 1));
  book.note([[{ ...APP }, { ...APPLIED }]]);
  expect(moves).toBe(0);
  book.note(next);
  book.note(next);
  expect(moves).toBe(1);
});
