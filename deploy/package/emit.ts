// Owns the JavaScript of the package: types are taken out by the same Node that runs the sources, and nothing else moves.
//
// Every type becomes as many spaces and every `./x.ts` the equally long `./x.js`, so that lines and columns of a stack
// trace are those of the source: no source maps are needed.

import { stripTypeScriptTypes } from 'node:module';
import ts from 'typescript';

/** A source file as JavaScript. Throws where a path to a source would be left in it. */
export function emit(path: string, source: string): string {
  const renamed = renameImports(path, source);
  return withoutLineEnds(source, stripTypeScriptTypes(renamed));
}

const SOURCE_ENDING = /^(\.{1,2}\/.+)\.ts$/;

/** Where a text that names a file of ours may stand; anywhere else it is data that nobody can tell from a path. */
function renameImports(path: string, source: string): string {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  let renamed = source;
  const visit = (node: ts.Node) => {
    if (ts.isStringLiteralLike(node) && SOURCE_ENDING.test(node.text)) {
      if (!isFileName(node))
        throw new Error(`${path}: ${node.getText()} names a source that is not shipped.`);
      const dot = node.getEnd() - `.ts'`.length;
      renamed = `${renamed.slice(0, dot)}.js${renamed.slice(dot + '.ts'.length)}`;
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return renamed;
}

/** In an import, an export, `import()` or `new URL()`. */
function isFileName(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true;
  // `typeof import('./x.ts')` is a type, and goes.
  if (ts.isLiteralTypeNode(parent)) return true;
  if (ts.isCallExpression(parent)) return parent.expression.kind === ts.SyntaxKind.ImportKeyword;
  return ts.isNewExpression(parent) && parent.expression.getText() === 'URL';
}

/** Spaces at the end of a line that were a type: they tell nobody a column. */
function withoutLineEnds(source: string, emitted: string): string {
  const before = source.split('\n');
  const lines = emitted.split('\n');
  if (lines.length !== before.length) throw new Error('A line was lost with its types.');
  return lines.map((line, at) => line.trimEnd() + endOf(before[at] ?? '')).join('\n');
}

function endOf(line: string): string {
  return line.slice(line.trimEnd().length);
}
