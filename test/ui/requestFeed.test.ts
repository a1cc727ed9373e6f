// Owns the test of the list of requests: in order, each once, bounded, and still while it is held.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import {
  EMPTY_FEED,
  isFull,
  withLive,
  withLoss,
  withNewest,
  withOlder,
  withWaitingShown,
  type RequestFeed,
} from '../../ui/pages/requests/requestFeed.ts';
import { endedRequest } from '../support/hubTells.ts';

test('the log is shown with what came while it was read', () => {
  const feed = withNewest(withLive(EMPTY_FEED, rows(3, 2), 0), rows(2, 1), true);
  expect(shown(feed)).toEqual([3, 2, 1]);
  expect(feed).toMatchObject({ isLoaded: true, hasOlder: false, waiting: [] });
});

test('live ones wait until they are shown, in order of arrival', () => {
  const loaded = withNewest(EMPTY_FEED, rows(1), true);
  const held = withLive(withLive(loaded, rows(4), 0), rows(3), 7);
  expect(shown(held)).toEqual([1]);
  expect(held.waiting.length).toBe(2);
  expect(held.untold).toBe(7);
  expect(shown(withWaitingShown(held))).toEqual([4, 3, 1]);
});

test('one that arrived before the last one shown is left to its page', () => {
  const loaded = withNewest(EMPTY_FEED, rows(9, 8), false);
  const late = withWaitingShown(withLive(loaded, rows(5), 0));
  expect(shown(late)).toEqual([9, 8]);
  expect(shown(withOlder(late, rows(7, 5), true))).toEqual([9, 8, 7, 5]);
  const whole = withNewest(EMPTY_FEED, rows(9, 8), true);
  expect(shown(withWaitingShown(withLive(whole, rows(5), 0)))).toEqual([9, 8, 5]);
});

test('what was missed while the hub was away is merged', () => {
  const loaded = withNewest(EMPTY_FEED, rows(2, 1), true);
  expect(shown(withWaitingShown(withNewest(withLoss(loaded), rows(4, 3, 2), false)))).toEqual([4, 3, 2, 1]);
});

test('where more was missed than a page holds, the list begins anew with that page', () => {
  const loaded = withLive(withNewest(EMPTY_FEED, rows(2, 1), true), rows(3), 0);
  const torn = withNewest(withLive(withLoss(loaded), rows(9), 0), rows(9, 8), false);
  expect(shown(torn)).toEqual([2, 1]);
  const anew = withWaitingShown(withLive(torn, rows(10), 0));
  expect(shown(anew)).toEqual([10, 9, 8]);
  expect(anew).toMatchObject({ hasOlder: true, isTorn: false });
});

test('a list that was empty when the hub went begins with that page too, and the log has older ones', () => {
  const empty = withNewest(EMPTY_FEED, [], true);
  const anew = withWaitingShown(withNewest(withLoss(empty), rows(9, 8), false));
  expect(shown(anew)).toEqual([9, 8]);
  expect(anew).toMatchObject({ hasOlder: true, isTorn: false, lostAfter: null });
});

test('a list that is read while the hub is away is joined by what comes after', () => {
  const away = withNewest(withLoss(EMPTY_FEED), rows(3, 2), false);
  expect(shown(withWaitingShown(withNewest(away, rows(5, 4, 3), false)))).toEqual([5, 4, 3, 2]);
});

test('a list that is held while many come is not torn by reading the log beside them', () => {
  const held = withLive(withNewest(EMPTY_FEED, rows(2, 1), true), rows(9, 8, 7, 6, 5, 4, 3), 0);
  expect(shown(withWaitingShown(withNewest(held, rows(9, 8), false)))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test('the list is bounded: the oldest go, and can be read again', () => {
  const loaded = withNewest(EMPTY_FEED, rows(3, 2, 1), true, 3);
  const full = withWaitingShown(withLive(loaded, rows(5, 4), 0, 3), 3);
  expect(shown(full)).toEqual([5, 4, 3]);
  expect(full.hasOlder).toBe(true);
  expect(isFull(full, 3)).toBe(true);
  const waiting = withLive(full, rows(6, 7, 8, 9), 0, 3).waiting;
  expect(waiting.map(({ path }) => path)).toEqual(['/9', '/8', '/7']);
});

test('however they come, rows are in order, each once', () => {
  const some = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 20 });
  fc.assert(
    fc.property(some, fc.array(some, { maxLength: 6 }), (first, batches) => {
      let feed = withNewest(EMPTY_FEED, rows(...first.toSorted((one, other) => other - one)), true);
      for (const batch of batches) feed = withWaitingShown(withLive(feed, rows(...batch), 0));
      const all = [...new Set([...first, ...batches.flat()])].sort((one, other) => other - one);
      expect(shown(feed)).toEqual(all);
    }),
  );
});

/** By the number that their ids rise with. */
function rows(...numbers: readonly number[]): RequestLogEntry[] {
  return numbers.map((number) => endedRequest(number));
}

function shown(feed: RequestFeed): number[] {
  return feed.shown.map(({ path }) => Number(path.slice(1)));
}
