// Owns the tests of a level that is told at a bounded pace.

import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { coalesced } from '../../../services/agent/coalesced.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';

const GAP_MS = 100;

function follow() {
  const clock = new SimulatedClock();
  const trigger$ = new Subject<void>();
  const told: (readonly [atMs: number, value: number])[] = [];
  let value = 0;
  const startMs = clock.nowMs();
  const subscription = coalesced(clock, GAP_MS, trigger$, () => value).subscribe((now) => {
    told.push([clock.nowMs() - startMs, now]);
  });
  return {
    clock,
    trigger$,
    told,
    subscription,
    change: () => {
      value += 1;
      trigger$.next();
    },
  };
}

test('a level tells its value at once, and a first change after a quiet time with the next turn', () => {
  const { clock, told, change } = follow();
  clock.runFor(5 * GAP_MS);
  change();
  // Whoever has changed it goes on first: reading it may take long.
  expect(told).toHaveLength(1);
  clock.runFor(0);
  expect(told).toEqual([
    [0, 0],
    [500, 1],
  ]);
});

test('changes that come together are told once, the last of them, when the gap is over', () => {
  const { clock, told, change } = follow();
  for (let changes = 0; changes < 50; changes += 1) change();
  clock.runFor(60_000);
  expect(told).toEqual([
    [0, 0],
    [GAP_MS, 50],
  ]);
});

test('a level that changes all the time is told once in a gap, and ends with the last value', () => {
  const { clock, told, change } = follow();
  for (let changes = 0; changes < 1_000; changes += 1) {
    clock.runFor(1);
    change();
  }
  clock.runFor(GAP_MS);
  expect(told.length).toBeLessThanOrEqual(12);
  expect(told.at(-1)?.[1]).toBe(1_000);
});

test('a level that nobody follows any more reads nothing and leaves no timer', () => {
  const { clock, trigger$, told, subscription, change } = follow();
  change();
  subscription.unsubscribe();
  expect([trigger$.observed, clock.pending]).toEqual([false, 0]);
  clock.runFor(60_000);
  expect(told).toHaveLength(1);
});

test('a level that cannot be read says so to whoever follows, and ends nothing else', () => {
  const clock = new SimulatedClock();
  const trigger$ = new Subject<void>();
  const fault = new Error('it cannot be read');
  let isReadable = true;
  const heard: unknown[] = [];
  coalesced(clock, GAP_MS, trigger$, () => {
    if (!isReadable) throw fault;
    return 'read';
  }).subscribe({ next: (value) => heard.push(value), error: (error) => heard.push(error) });
  isReadable = false;
  trigger$.next();
  clock.runFor(60_000);
  expect([heard, trigger$.observed, clock.pending]).toEqual([['read', fault], false, 0]);
});
