// Owns the changes to plain code: conditions, comparisons, numbers, texts, statements.

import ts from 'typescript';
import { mutateChart } from './chartMutators.ts';
import { Edits } from './edits.ts';
import type { Mutant } from './mutant.ts';

const { SyntaxKind } = ts;

/** What each operator becomes, one mutant for each. */
const OPERATORS = new Map<ts.SyntaxKind, readonly string[]>([
  [SyntaxKind.LessThanToken, ['<=', '>=']],
  [SyntaxKind.LessThanEqualsToken, ['<', '>']],
  [SyntaxKind.GreaterThanToken, ['>=', '<=']],
  [SyntaxKind.GreaterThanEqualsToken, ['>', '<']],
  [SyntaxKind.EqualsEqualsEqualsToken, ['!==']],
  [SyntaxKind.ExclamationEqualsEqualsToken, ['===']],
  [SyntaxKind.PlusToken, ['-']],
  [SyntaxKind.MinusToken, ['+']],
  [SyntaxKind.AsteriskToken, ['/']],
  [SyntaxKind.SlashToken, ['*']],
  [SyntaxKind.PercentToken, ['*']],
  [SyntaxKind.AsteriskAsteriskToken, ['*']],
  [SyntaxKind.PlusEqualsToken, ['-=']],
  [SyntaxKind.MinusEqualsToken, ['+=']],
  [SyntaxKind.AmpersandToken, ['|']],
  [SyntaxKind.BarToken, ['&']],
  [SyntaxKind.LessThanLessThanToken, ['>>']],
  [SyntaxKind.GreaterThanGreaterThanGreaterThanToken, ['<<']],
]);

/** Of these, one side alone is the mutant. */
const JOINTS = new Set([
  SyntaxKind.AmpersandAmpersandToken,
  SyntaxKind.BarBarToken,
  SyntaxKind.QuestionQuestionToken,
]);

/** A number from here on is also halved and doubled: it is a measure, not a count of a few. */
const MEASURE = 10;

/** Every mutant of a file, in the order of its code. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const edits = new Edits(file, source);
  visit(edits.tree, edits);
  return edits.mutants.toSorted((a, b) => a.start - b.start);
}

function visit(node: ts.Node, edits: Edits): void {
  if (isTypeOnly(node) || isChartTypes(node)) return;
  if (isChart(node)) {
    mutateChart(node, edits, (code) => visit(code, edits));
    return;
  }
  mutate(node, edits);
  if (ts.isConditionalExpression(node) && narrows(node.condition)) {
    // The other branch is there for the compiler alone.
    visit(node.condition, edits);
    visit(node.condition.getText().includes('===') ? node.whenTrue : node.whenFalse, edits);
    return;
  }
  ts.forEachChild(node, (child) => visit(child, edits));
}

function mutate(node: ts.Node, edits: Edits): void {
  if (ts.isBinaryExpression(node)) mutateBinary(node, edits);
  else if (ts.isIfStatement(node)) force(node.expression, edits, ['true', 'false']);
  else if (ts.isConditionalExpression(node)) force(node.condition, edits, ['true', 'false']);
  else if (ts.isWhileStatement(node)) force(node.expression, edits, ['false']);
  else if (ts.isForStatement(node) && node.condition !== undefined) force(node.condition, edits, ['false']);
  else if (ts.isNumericLiteral(node)) mutateNumber(node, edits);
  else if (ts.isStringLiteral(node) && isValue(node)) edits.replace(node, node.text === '' ? "'x'" : "''");
  else if (node.kind === SyntaxKind.TrueKeyword) edits.replace(node, 'false');
  else if (node.kind === SyntaxKind.FalseKeyword) edits.replace(node, 'true');
  else if (ts.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken)
    edits.replace(node, edits.textOf(node.operand));
  else if (ts.isStatement(node)) mutateStatement(node, edits);
  else if (ts.isCallExpression(node)) mutateCall(node, edits);
}

function mutateBinary(node: ts.BinaryExpression, edits: Edits): void {
  const { left, right, operatorToken } = node;
  for (const operator of OPERATORS.get(operatorToken.kind) ?? []) edits.replace(operatorToken, operator);
  if (!JOINTS.has(operatorToken.kind)) return;
  edits.replace(node, edits.textOf(left));
  if (!narrows(left)) edits.replace(node, edits.textOf(right));
}

function mutateNumber(node: ts.NumericLiteral, edits: Edits): void {
  const value = Number(node.text);
  const isWhole = Number.isInteger(value);
  const others = isWhole ? [value + 1, value - 1] : [value / 2, value * 2];
  if (value >= MEASURE) others.push(Math.floor(value / 2), value * 2);
  for (const other of others) edits.replace(node, other < 0 ? `(${other})` : `${other}`);
}

function mutateStatement(node: ts.Statement, edits: Edits): void {
  if (isStep(node) || (ts.isReturnStatement(node) && isEarly(node))) removeStatement(node, edits);
}

function mutateCall(node: ts.CallExpression, edits: Edits): void {
  const callee = edits.textOf(node.expression);
  if (callee === 'Math.min') edits.replace(node.expression, 'Math.max');
  if (callee === 'Math.max') edits.replace(node.expression, 'Math.min');
  const [first] = node.arguments;
  if (!/^(enqueue\.)?assign$/.test(callee) || first === undefined) return;
  for (const assigned of assignedIn(first))
    for (const property of assigned.properties) edits.remove(property);
}

/** The objects that an assign writes into its context. */
function assignedIn(node: ts.Node): ts.ObjectLiteralExpression[] {
  if (ts.isObjectLiteralExpression(node)) return [node];
  if (ts.isReturnStatement(node) || ts.isParenthesizedExpression(node))
    return node.expression === undefined ? [] : assignedIn(node.expression);
  if (ts.isConditionalExpression(node)) return [...assignedIn(node.whenTrue), ...assignedIn(node.whenFalse)];
  if (ts.isArrowFunction(node)) return assignedIn(node.body);
  if (ts.isIfStatement(node)) return assignedIn(node.thenStatement);
  if (ts.isBlock(node)) return node.statements.flatMap(assignedIn);
  return [];
}

function force(condition: ts.Expression, edits: Edits, values: readonly string[]): void {
  if (narrows(condition)) return;
  for (const value of values) if (edits.textOf(condition) !== value) edits.replace(condition, value);
}

/** A removed statement leaves its semicolon: an `if` still has something to do. */
function removeStatement(node: ts.Statement, edits: Edits): void {
  if (ts.isBlock(node.parent) || ts.isSourceFile(node.parent) || ts.isCaseOrDefaultClause(node.parent))
    edits.remove(node);
  else edits.replace(node, ';');
}

/** A statement that something is done by, and that the rest can do without. */
function isStep(node: ts.Statement): boolean {
  return (
    ts.isExpressionStatement(node) ||
    ts.isThrowStatement(node) ||
    ts.isBreakStatement(node) ||
    ts.isContinueStatement(node)
  );
}

/** Not the last word of its function: something else would happen instead. */
function isEarly(node: ts.ReturnStatement): boolean {
  const { parent } = node;
  if (ts.isIfStatement(parent) && narrows(parent.expression)) return false;
  const isLast = ts.isBlock(parent) && parent.statements.at(-1) === node && ts.isFunctionLike(parent.parent);
  return !isLast || node.expression === undefined;
}

/**
 * `event.type !== 'x'` and `'x' in event` are there for the compiler: the chart decides which events come to an action.
 * Flipped they are mutants; forced to what they always are they change nothing.
 */
function narrows(node: ts.Expression): boolean {
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.AmpersandAmpersandToken)
    return narrows(node.left) && narrows(node.right);
  return /^event\.type [!=]== '[^']*'$|^'\w+' in event$/.test(node.getText());
}

/** A text that the program uses, not one that names a module or a property or is compared (comparisons are flipped). */
function isValue(node: ts.StringLiteral): boolean {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBinaryExpression(parent)) return JOINTS.has(parent.operatorToken.kind);
  if (ts.isNewExpression(parent)) return !parent.expression.getText().endsWith('Error');
  return !(
    ts.isCaseClause(parent) ||
    ts.isElementAccessExpression(parent) ||
    ts.isPropertyDeclaration(parent)
  );
}

function isTypeOnly(node: ts.Node): boolean {
  return ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isImportDeclaration(node);
}

/** `types` of `setup()` is never run. */
function isChartTypes(node: ts.Node): boolean {
  return ts.isPropertyAssignment(node) && node.name.getText() === 'types';
}

function isChart(node: ts.Node): node is ts.ObjectLiteralExpression {
  if (!ts.isObjectLiteralExpression(node) || !ts.isCallExpression(node.parent)) return false;
  const callee = node.parent.expression;
  return ts.isPropertyAccessExpression(callee) && callee.name.text === 'createMachine';
}
