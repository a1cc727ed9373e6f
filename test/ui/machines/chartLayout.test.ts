// Owns the tests of drawn charts: whatever a machine of ours looks like, its picture can be read.

import { describe, expect, test } from 'vitest';
import type { Chart } from '../../../protocol/api/machines.ts';
import { chartNamed } from '../../../services/charts.ts';
import type { Box } from '../../../ui/pages/machines/chartBoxes.ts';
import { layoutChart } from '../../../ui/pages/machines/chartLayout.ts';
import { edgesOf, statesOf } from '../../../ui/pages/machines/chartStates.ts';
import type { Frame, Point } from '../../../ui/pages/machines/chartShapes.ts';

const NAMES = [
  'admission',
  'attempt',
  'auth',
  'backoff',
  'configSync',
  'connection',
  'database',
  'handshake',
  'heartbeat',
  'journalWriter',
  'reconciler',
  'session',
];

/** Half a pixel: what rounding may cost. */
const HAIR = 0.5;

function chartOf(name: string): Chart {
  const chart = chartNamed(name);
  if (chart === null) throw new Error(`no chart ${name}`);
  return chart;
}

function state(name: string, more: Partial<Chart> = {}): Chart {
  return { name, type: 'atomic', entry: [], invokes: [], edges: [], states: [], ...more };
}

function isInside(inner: Frame, outer: Frame): boolean {
  return (
    inner.x >= outer.x - HAIR &&
    inner.y >= outer.y - HAIR &&
    inner.x + inner.width <= outer.x + outer.width + HAIR &&
    inner.y + inner.height <= outer.y + outer.height + HAIR
  );
}

function doOverlap(one: Frame, other: Frame): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

function isOnBorder({ x, y }: Point, frame: Frame): boolean {
  const right = frame.x + frame.width;
  const bottom = frame.y + frame.height;
  const isWithin = x >= frame.x - HAIR && x <= right + HAIR && y >= frame.y - HAIR && y <= bottom + HAIR;
  const away = [x - frame.x, right - x, y - frame.y, bottom - y].map((each) => Math.abs(each));
  return isWithin && Math.min(...away) <= HAIR;
}

function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
}

function aroundOf({ path, type }: Box): string {
  return type === 'any' ? path.replace('any ', '') : parentOf(path);
}

describe.each(NAMES)('the chart of %s', (name) => {
  const chart = chartOf(name);
  const { boxes, wires, width, height } = layoutChart(chart);
  const states = boxes.filter(({ type }) => type !== 'any');
  const boxAt = (path: string): Box | undefined => states.find((box) => box.path === path);

  test('has a box for every state, within that of the state around it', () => {
    const paths = statesOf(chart).map(({ path }) => path);
    expect(['', ...states.map(({ path }) => path)].toSorted()).toEqual(paths.toSorted());
    for (const box of states) {
      const around = boxAt(parentOf(box.path)) ?? { x: 0, y: 0, width, height };
      expect(isInside(box, around), box.path).toBe(true);
    }
  });

  test('lets no two states beside each other overlap', () => {
    for (const one of boxes)
      for (const other of boxes) {
        const areBeside = one !== other && aroundOf(one) === aroundOf(other);
        if (areBeside) expect(doOverlap(one, other), `${one.path} and ${other.path}`).toBe(false);
      }
  });

  test('draws every change of state from border to border, with its event', () => {
    for (const { from, targets, event } of edgesOf(chart))
      for (const to of targets) {
        const wire = wires.find((each) => each.from === from && each.to === to);
        expect(wire?.events, `${from} to ${to}`).toContain(event);
        const [first, last] = [wire?.points[0], wire?.points.at(-1)];
        const [tail, head] = [boxAt(from), boxAt(to)];
        if (first === undefined || last === undefined) throw new Error('a line without points');
        const isFromAround = tail === undefined || to.startsWith(`${from}.`);
        if (!isFromAround) expect(isOnBorder(first, tail), `${from} to ${to} begins`).toBe(true);
        expect(head !== undefined && isOnBorder(last, head), `${from} to ${to} ends`).toBe(true);
      }
  });

  test('keeps every line and label within the picture', () => {
    for (const { points, at } of wires)
      for (const { x, y } of [...points, at]) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(width);
        expect(y).toBeLessThanOrEqual(height);
      }
  });
});

test('what leads away from any state begins in a place of its own', () => {
  const edges = [{ event: 'stop', targets: ['off'] }];
  const { boxes, wires } = layoutChart(
    state('lamp', { type: 'compound', initial: 'on', edges, states: [state('on'), state('off')] }),
  );
  const any = boxes.find(({ type }) => type === 'any');
  const first = wires[0]?.points[0];
  expect(any?.label).toBe('any state');
  expect(first !== undefined && any !== undefined && isOnBorder(first, any)).toBe(true);
});

test('a state that leads to itself has a loop, whose label stands beside it', () => {
  const edges = [{ event: 'after tick', targets: ['on'] }];
  const { boxes, wires } = layoutChart(
    state('lamp', { type: 'compound', initial: 'on', states: [state('on', { edges })] }),
  );
  const [box, wire] = [boxes[0], wires[0]];
  expect(wire?.labels).toEqual(['after tick']);
  expect(wire?.at.x).toBeGreaterThan((box?.x ?? 0) + (box?.width ?? 0));
});

test('a state of a newer peer that leads nowhere we know does not break the picture', () => {
  const edges = [{ event: 'go', targets: ['nowhere.at.all'] }];
  const chart = state('lamp', { type: 'compound', initial: 'on', states: [state('on', { edges })] });
  expect(layoutChart(chart).boxes.map(({ path }) => path)).toEqual(['on']);
});

test('long names make no endless labels', () => {
  const edges = [{ event: 'e'.repeat(200), targets: ['off'], guard: 'g'.repeat(200) }];
  const { wires } = layoutChart(
    state('lamp', { type: 'compound', initial: 'on', states: [state('on', { edges }), state('off')] }),
  );
  for (const label of wires[0]?.labels ?? []) expect(label.length).toBeLessThanOrEqual(32);
});
