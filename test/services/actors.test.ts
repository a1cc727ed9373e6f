// Owns the tests of the registry of actors: who is listed, and what becomes of one that fails.

import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { createActors } from '../../services/actors.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';

const waiting = setup({ delays: { rest: 1_000 } }).createMachine({
  initial: 'resting',
  states: { resting: { after: { rest: 'rested' } }, rested: {} },
});

const nested = setup({ actors: { waiting } }).createMachine({ invoke: { src: 'waiting', id: 'waiting' } });

const parent = setup({
  actors: { nested },
  actions: {
    fail: () => {
      throw new Error('a fault of ours');
    },
  },
}).createMachine({
  initial: 'ready',
  invoke: { src: 'nested', id: 'nested' },
  states: { ready: { on: { fail: { actions: 'fail' } } } },
});

test('an actor that fails is told once, leaves the list, and its children end with it and keep no timer', () => {
  const { actors, clock, failures } = registry();
  const actor = actors.start('root', parent, undefined);
  actors.start('other', waiting, undefined);
  expect(clock.pending).toBe(2);
  actor.send({ type: 'fail' });
  expect(failures).toMatchObject([['root', { message: 'a fault of ours' }]]);
  expect(actors.list().map(({ id, state }) => [id, state])).toEqual([['other', 'resting']]);
  expect(clock.pending).toBe(1);
});

test('an actor is listed with its children, their states and what led to them', () => {
  const { actors, clock } = registry();
  actors.start('root', parent, undefined);
  clock.runFor(1_000);
  const [root, , child] = actors.list();
  expect(root).toMatchObject({ id: 'root', state: 'ready', transitions: [] });
  expect(child).toMatchObject({
    id: 'root/nested/waiting',
    state: 'rested',
    transitions: [{ from: 'resting', to: 'rested' }],
  });
  actors.stop('root');
  expect(actors.list()).toEqual([]);
});

function registry() {
  const clock = new SimulatedClock();
  const failures: [string, unknown][] = [];
  const actors = createActors(clock, (id, error) => failures.push([id, error]));
  return { actors, clock, failures };
}
