// A machine's chart without its functions: names only, as people draw it and the API says it.

import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import type { Chart } from '../protocol/api/machines.ts';

type StateNode = AnyStateMachine['root'];
type Edge = Chart['edges'][number];

/** What stands for a guard or an action that is written in place and has no name. */
const NAMELESS = 'inline';

/** The chart under the machine's own name; states within bear their short names, targets their whole paths. */
export function chartOf(machine: AnyStateMachine): Chart {
  return { ...chartOfState(machine.root), name: machine.id };
}

/** An event as a chart names it: what XState makes of delays, children's ends and errors is told in words. */
export function eventNameOf(type: string): string {
  const [prefix, kind, name, ...rest] = type.split('.');
  if (prefix !== 'xstate') return type;
  if (kind === 'after') return `after ${name}`;
  if (kind === 'done' || kind === 'error') return name === 'actor' ? `${kind}: ${rest.join('.')}` : kind;
  return kind ?? type;
}

function chartOfState(node: StateNode): Chart {
  const initial = node.initial.target[0]?.key;
  return {
    name: node.key,
    type: node.type,
    ...(initial === undefined ? {} : { initial }),
    entry: node.entry.filter((action) => !isTimer(action)).map((action) => actionNameOf(action)),
    invokes: node.invoke.map(({ id, src }) => (typeof src === 'string' ? src : id)),
    edges: [
      ...[...node.transitions].flatMap(([event, branches]) => edgesOf(eventNameOf(event), branches)),
      ...edgesOf('always', node.always ?? []),
    ],
    states: Object.values(node.states).map((child) => chartOfState(child)),
  };
}

function edgesOf(event: string, branches: readonly AnyTransitionDefinition[]): Edge[] {
  return branches.map(({ target, guard }) => ({
    event,
    targets: (target ?? []).map(({ path }) => path.join('.')),
    ...(guard === undefined ? {} : { guard: guardNameOf(guard) }),
  }));
}

/** XState arms a state's delays by entry actions of its own: the edges tell of them. */
function isTimer(action: unknown): boolean {
  return typeof action === 'function' && 'delay' in action && action.delay !== undefined;
}

function actionNameOf(action: unknown): string {
  if (typeof action === 'string') return action;
  return hasType(action) ? action.type.replace('xstate.', '') : NAMELESS;
}

/** `and`, `or` and `not` are functions that carry what they join. */
function guardNameOf(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    const names = guard.guards.map((each: unknown) => guardNameOf(each));
    return guard.name === 'not' ? `not ${names.join('')}` : names.join(` ${guard.name} `);
  }
  return hasType(guard) ? guard.type : NAMELESS;
}

function hasType(value: unknown): value is { type: string } {
  const mayHave = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return mayHave && 'type' in value && typeof value.type === 'string';
}
