// Owns the tests of the one timer behind many deadlines.

import { expect, test } from 'vitest';
import { createSweep, type Sweep } from '../../services/sweep.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';

test('what is in it is ticked, and an empty one has no timer', () => {
  const clock = new SimulatedClock();
  const ticked: string[] = [];
  const sweep: Sweep<string> = createSweep(clock, (item) => ticked.push(item));
  expect(clock.pending).toBe(0);
  sweep.add('a');
  sweep.add('b');
  clock.runFor(600);
  expect(ticked).toEqual(['a', 'b', 'a', 'b']);
  sweep.delete('a');
  sweep.delete('b');
  expect(clock.pending).toBe(0);
});

test('an item that makes room for another in its own tick leaves one timer, not two', () => {
  const clock = new SimulatedClock();
  const sweep: Sweep<string> = createSweep(clock, (item) => {
    if (item !== 'first') return;
    sweep.delete('first');
    sweep.add('second');
  });
  sweep.add('first');
  clock.runFor(300);
  expect([...sweep.items, clock.pending]).toEqual(['second', 1]);
});
