// Owns the tests of what is kept of routes that a gateway has told of.

import { expect, test } from 'vitest';
import { routesAfter } from '../../machines/toldRoutes.ts';
import { MAX_WIRE_MAPPINGS } from '../../protocol/limits.ts';
import type { ToldRoute } from '../../protocol/control.ts';

const route = (id: string, state: ToldRoute['state'], reason = ''): ToldRoute => ({ id, state, reason });
const after = (before: ToldRoute[], told: ToldRoute[]) =>
  [...(routesAfter(routesAfter(null, before), told) ?? [])].map(([, each]) => each);

test('the last word on each route counts, and what is pending is as if it had never been told', () => {
  const before = [route('1', 'applied'), route('2', 'applied'), route('3', 'pending')];
  const told = [route('1', 'conflict', 'Taken.'), route('2', 'pending'), route('4', 'failed')];
  expect(after(before, told)).toEqual([route('1', 'conflict', 'Taken.'), route('4', 'failed')]);
});

test('an announcement without any route is not silence', () => {
  expect(routesAfter(null, [])).toEqual(new Map());
});

test('what was kept before is not edited', () => {
  const before = routesAfter(null, [route('1', 'applied')]);
  routesAfter(before, [route('1', 'failed')]);
  expect(before?.get('1')).toEqual(route('1', 'applied'));
});

test('no more routes are kept than a revision has mappings, and those are still moved', () => {
  const all = Array.from({ length: MAX_WIRE_MAPPINGS }, (_, n) => route(String(n), 'applied'));
  const full = routesAfter(null, all);
  const next = routesAfter(full, [route('one more', 'applied'), route('7', 'failed')]);
  expect([next?.size, next?.has('one more'), next?.get('7')]).toEqual([
    MAX_WIRE_MAPPINGS,
    false,
    route('7', 'failed'),
  ]);
});
