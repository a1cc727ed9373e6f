// Owns the tests of charts: every machine of ours can be drawn from what the API says of it.

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { and, assign, createMachine, not, or, setup, StateMachine, type AnyStateMachine } from 'xstate';
import { chartSchema, type Chart } from '../../protocol/api/machines.ts';
import { chartOf, eventNameOf } from '../../services/chart.ts';
import { chartNamed } from '../../services/charts.ts';

const FOLDER = new URL('../../machines/', import.meta.url);

const machines = await Promise.all(
  readdirSync(FOLDER).map(async (file): Promise<AnyStateMachine[]> => {
    const exported: unknown = await import(new URL(file, FOLDER).href);
    const all: unknown[] = Object.values(exported ?? {});
    return all.filter((each) => each instanceof StateMachine);
  }),
);
const named = machines.flat().map((machine): [string, AnyStateMachine] => [machine.id, machine]);

/** Paths of all states below a chart's root. */
function pathsOf(chart: Chart, path: readonly string[] = []): string[] {
  return chart.states.flatMap((state) => {
    const own = [...path, state.name];
    return [own.join('.'), ...pathsOf(state, own)];
  });
}

function edgesOf(chart: Chart): Chart['edges'][number][] {
  return [...chart.edges, ...chart.states.flatMap((state) => edgesOf(state))];
}

/** What a machine was made of. */
function pathsOfConfig(states: AnyStateMachine['config']['states'], path: string[] = []): string[] {
  return Object.entries(states ?? {}).flatMap(([name, state]) => {
    const own = [...path, name];
    return [own.join('.'), ...pathsOfConfig(state.states, own)];
  });
}

describe('the chart of a machine', () => {
  test.each(named)(
    '%s is as the API promises, names every state, and each edge ends at one',
    (id, machine) => {
      const chart = chartOf(machine);
      expect(chartSchema.parse(JSON.parse(JSON.stringify(chart)))).toEqual(chart);
      const paths = pathsOf(chart);
      expect([chart.name, paths]).toEqual([id, pathsOfConfig(machine.config.states)]);
      for (const { targets } of edgesOf(chart)) for (const target of targets) expect(paths).toContain(target);
    },
  );

  test.each(named)('%s says nothing in XState’s own words', (_, machine) => {
    expect(JSON.stringify(chartOf(machine))).not.toMatch(/xstate/i);
  });

  test.each(named)('%s is known by name at the other end', (id, machine) => {
    expect(chartNamed(id)).toEqual(chartOf(machine));
  });

  test('that nobody here knows is none', () => {
    expect(chartNamed('reconciler of a newer release')).toBeNull();
  });

  test('tells types, initial states, effects, children, events, targets and guards', () => {
    const chart = chartOf(drawn);
    expect(chart).toMatchObject({ name: 'drawn', type: 'compound', initial: 'busy', invokes: ['child'] });
    expect(chart.states).toEqual([
      {
        name: 'busy',
        type: 'parallel',
        entry: ['begin', 'note', 'assign', 'inline'],
        invokes: [],
        edges: [
          { event: 'moved', targets: ['over'], guard: 'isDue' },
          { event: 'moved', targets: [], guard: 'isFar' },
          { event: 'moved', targets: ['busy.left', 'busy.right.two'], guard: 'isDue and not isFar' },
          { event: 'moved', targets: [], guard: 'isDue or inline' },
          { event: 'after rest', targets: ['over'] },
          { event: 'always', targets: ['over'], guard: 'isDue' },
        ],
        states: [
          { name: 'left', type: 'atomic', entry: [], invokes: [], edges: [], states: [] },
          {
            name: 'right',
            type: 'compound',
            initial: 'one',
            entry: [],
            invokes: [],
            edges: [],
            states: [
              { name: 'one', type: 'atomic', entry: [], invokes: [], edges: [], states: [] },
              { name: 'two', type: 'atomic', entry: [], invokes: [], edges: [], states: [] },
            ],
          },
        ],
      },
      { name: 'over', type: 'final', entry: [], invokes: [], edges: [], states: [] },
    ]);
    expect(chart.edges).toEqual([{ event: 'done: child', targets: ['over'] }]);
  });
});

test.each([
  ['xstate.after.renewAfter.session.online.fresh', 'after renewAfter'],
  ['xstate.done.actor.admission', 'done: admission'],
  ['xstate.done.actor.0.session.online', 'done: 0.session.online'],
  ['xstate.error.actor.admission', 'error: admission'],
  ['xstate.done.state.session.online', 'done'],
  ['xstate.init', 'init'],
  ['link.closed', 'link.closed'],
  ['after', 'after'],
])('the event %s is shown as %s', (type, name) => {
  expect(eventNameOf(type)).toBe(name);
});

const drawn = setup({
  types: { context: {} as { count: number } },
  actors: { child: createMachine({}) },
  delays: { rest: 1_000 },
  guards: { isDue: () => false, isFar: (_, _params: { steps: number }) => false },
  actions: { begin: () => undefined, note: (_, _params: { at: number }) => undefined },
}).createMachine({
  id: 'drawn',
  context: { count: 0 },
  initial: 'busy',
  invoke: { id: 'child', src: 'child', onDone: '.over' },
  states: {
    busy: {
      type: 'parallel',
      entry: ['begin', { type: 'note', params: { at: 1 } }, assign({ count: 1 }), () => undefined],
      after: { rest: 'over' },
      always: { guard: 'isDue', target: 'over' },
      on: {
        moved: [
          { guard: 'isDue', target: 'over' },
          { guard: { type: 'isFar', params: { steps: 2 } } },
          {
            guard: and(['isDue', not({ type: 'isFar', params: { steps: 1 } })]),
            target: ['.left', '.right.two'],
          },
          { guard: or(['isDue', () => true]) },
        ],
      },
      states: { left: {}, right: { initial: 'one', states: { one: {}, two: {} } } },
    },
    over: { type: 'final' },
  },
});
