// Owns the changes to a chart: transitions, targets, guards, actions, timers, invoked actors, final states.

import ts from 'typescript';
import type { Edits } from './edits.ts';

/** A part of a state or of a transition that is removed whole. */
const REMOVED = new Set([
  'always',
  'onDone',
  'invoke',
  'reenter',
  'guard',
  'target',
  'actions',
  'entry',
  'exit',
]);

/** Objects of which each entry is one transition. */
const TRANSITIONS = new Set(['on', 'after']);

/** Parts that are names: changed as a whole here or not at all. */
const NAMES = new Set([
  'id',
  'src',
  'target',
  'guard',
  'actions',
  'entry',
  'exit',
  'initial',
  'type',
  'reenter',
]);

/** `visitCode` gets the functions written into the chart. */
export function mutateChart(
  chart: ts.ObjectLiteralExpression,
  edits: Edits,
  visitCode: (node: ts.Node) => void,
): void {
  const families = familiesIn(chart);

  function visit(node: ts.Node): void {
    if (ts.isPropertyAssignment(node)) visitProperty(node);
    else if (ts.isFunctionLike(node) || ts.isCallExpression(node)) visitCode(node);
    else ts.forEachChild(node, visit);
  }

  function visitProperty(property: ts.PropertyAssignment): void {
    const name = property.name.getText();
    const { initializer } = property;
    if (REMOVED.has(name)) edits.remove(property);
    if (name === 'guard') edits.negateGuard(initializer);
    if (name === 'target' || name === 'initial') swap(initializer);
    if (name === 'type' && isStateType(property)) edits.remove(property);
    if (TRANSITIONS.has(name) && ts.isObjectLiteralExpression(initializer)) {
      for (const transition of initializer.properties) {
        edits.remove(transition);
        if (ts.isPropertyAssignment(transition)) swap(transition.initializer);
      }
    }
    if (ts.isArrayLiteralExpression(initializer) && initializer.elements.length > 1)
      for (const element of initializer.elements) edits.remove(element);
    if (!NAMES.has(name) || !isText(initializer)) visitInside(name, initializer);
  }

  function visitInside(name: string, node: ts.Expression): void {
    if (name === 'params') visitCode(node);
    else if (name === 'reenter' || isText(node)) return;
    else if (ts.isArrayLiteralExpression(node))
      node.elements.filter((element) => !isText(element)).forEach((element) => visit(element));
    else visit(node);
  }

  /** A target becomes the next of its brothers. */
  function swap(target: ts.Expression): void {
    if (!isText(target)) return;
    const [, path = '', last = ''] = /^(.*?)([^.]*)$/.exec(target.text) ?? [];
    const family = families.find((names) => names.includes(last));
    if (family === undefined || family.length < 2) return;
    edits.replace(target, `'${path}${family[(family.indexOf(last) + 1) % family.length]}'`);
  }

  visit(chart);
}

/** The names of all states, brothers together. */
function familiesIn(chart: ts.Node): string[][] {
  const families: string[][] = [];
  function visit(node: ts.Node): void {
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'states' &&
      ts.isObjectLiteralExpression(node.initializer)
    )
      families.push(node.initializer.properties.map(({ name }) => name?.getText() ?? ''));
    ts.forEachChild(node, visit);
  }
  visit(chart);
  return families;
}

/** `type: 'final'`, not the `type` of an action with its parameters. */
function isStateType(property: ts.PropertyAssignment): boolean {
  return isText(property.initializer) && /^(final|parallel|history)$/.test(property.initializer.text);
}

function isText(node: ts.Expression): node is ts.StringLiteral {
  return ts.isStringLiteral(node);
}
