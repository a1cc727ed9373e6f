// Owns the tests of the registry of actors: who is listed, and what becomes of one that fails.

import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { createActors } from '../../services/actors.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';

const waiting = setup({ delays: { rest: 1_000 } }).createMachine({
  id: 'waiting',
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

const holder = setup({ actors: { waiting } }).createMachine({
  id: 'holder',
  context: { rttMs: 5, token: 'nobody may see', link: { send: () => 'nobody may see' } },
  invoke: { src: 'waiting', id: 'inner.1' },
});

const swinging = setup({}).createMachine({
  initial: 'left',
  states: { left: { on: { swing: 'right' } }, right: { on: { swing: 'left' } } },
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

test('an actor is found by its id, with its chart and what it holds, without its ports and secrets', () => {
  const { actors, clock } = registry();
  actors.start('session.3', holder, undefined);
  clock.runFor(1_000);
  expect(actors.find('session.3/inner.1')).toMatchObject({
    id: 'session.3/inner.1',
    machine: 'waiting',
    state: 'rested',
    transitions: [{ to: 'rested' }],
    definition: { name: 'waiting', initial: 'resting', states: [{ name: 'resting' }, { name: 'rested' }] },
    context: {},
  });
  expect(actors.find('session.3')).toMatchObject({ machine: 'holder', context: { rttMs: 5 } });
  expect(JSON.stringify(actors.find('session.3'))).not.toContain('nobody may see');
  for (const id of ['session', 'session.3/', 'session.3/inner', 'inner.1', ''])
    expect(actors.find(id)).toBeUndefined();
});

test('a family is one root with those below it', () => {
  const { actors } = registry();
  actors.start('session.3', holder, undefined);
  actors.start('other', waiting, undefined);
  expect(actors.family('session.3').map(({ id, machine }) => [id, machine])).toEqual([
    ['session.3', 'holder'],
    ['session.3/inner.1', 'waiting'],
  ]);
  expect(actors.family('session.4')).toEqual([]);
});

test('whoever starts an actor hears of each move in its family, and of no other', () => {
  const { actors, clock } = registry();
  let moves = 0;
  const actor = actors.start('root', parent, undefined, () => (moves += 1));
  actors.start('other', waiting, undefined);
  // The three that are new.
  expect(moves).toBe(3);
  actor.send({ type: 'nothing changes' });
  clock.runFor(999);
  expect(moves).toBe(3);
  clock.runFor(1);
  expect(moves).toBe(4);
  actors.stop('root');
  expect(moves).toBeGreaterThan(4);
});

test('of all transitions the last fifty are kept', () => {
  const { actors } = registry();
  const actor = actors.start('root', swinging, undefined);
  for (let n = 0; n < 60; n += 1) actor.send({ type: 'swing' });
  expect(actors.list()[0]?.transitions).toHaveLength(50);
});

function registry() {
  const clock = new SimulatedClock();
  const failures: [string, unknown][] = [];
  const actors = createActors(clock, (id, error) => failures.push([id, error]));
  return { actors, clock, failures };
}
