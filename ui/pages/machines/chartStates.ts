// What a chart says, laid flat: its states with their whole paths, and the ways between them.

import type { Chart } from '../../../protocol/api/machines.ts';
import { sayAmount } from '../../format/amounts.ts';

export interface FlatState {
  /** `online.lively`; empty for the chart itself. */
  readonly path: string;
  readonly name: string;
  readonly type: Chart['type'];
  /** The path of the state around it. */
  readonly parent: string;
  /** Where it begins when it is entered; null without states of its own. */
  readonly initial: string | null;
  readonly isInitial: boolean;
  readonly entry: readonly string[];
  readonly invokes: readonly string[];
}

/** Events of one state: `targets` is empty when it stays as it is. */
export interface FlatEdge {
  readonly from: string;
  readonly targets: readonly string[];
  /** In words. */
  readonly event: string;
  readonly guard: string | null;
}

/** The chart itself comes first, and every state before those within it. */
export function statesOf(chart: Chart): FlatState[] {
  return statesWithin(chart, '', '', false);
}

export function edgesOf(chart: Chart): FlatEdge[] {
  return edgesWithin(chart, '');
}

/** An event as people read it: `after dial timeout`, `after 3 s`, `auth.accepted`. */
export function sayEvent(event: string): string {
  const delay = /^(?:xstate\.)?after[ .]([^.]+)/.exec(event)?.[1];
  if (delay === undefined) return event.replace(/^xstate\./, '');
  const ms = Number(delay);
  if (!Number.isNaN(ms)) return `after ${ms < 1000 ? sayAmount(ms, 'ms') : sayAmount(ms / 1000, 's')}`;
  return `after ${delay.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase()}`;
}

/** Where a machine is: the states of `online.lively`, or of `a.x & b.y`, each with those around it. */
export function litPaths(state: string): ReadonlySet<string> {
  const lit = new Set<string>();
  for (const path of state.split(' & ')) {
    const names = path.split('.');
    for (let depth = 1; depth <= names.length; depth += 1) lit.add(names.slice(0, depth).join('.'));
  }
  return lit;
}

function statesWithin(state: Chart, path: string, parent: string, isInitial: boolean): FlatState[] {
  const { name, type, initial, entry, invokes } = state;
  const initialPath = initial === undefined ? null : joined(path, initial);
  const self = { path, name, type, parent, isInitial, entry, invokes, initial: initialPath };
  return [
    self,
    ...state.states.flatMap((child) =>
      statesWithin(child, joined(path, child.name), path, child.name === initial),
    ),
  ];
}

function edgesWithin(state: Chart, path: string): FlatEdge[] {
  const own = state.edges.map(({ event, targets, guard }) => ({
    from: path,
    targets,
    event: sayEvent(event),
    guard: guard ?? null,
  }));
  return [...own, ...state.states.flatMap((child) => edgesWithin(child, joined(path, child.name)))];
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
