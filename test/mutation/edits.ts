// Owns the edits of one source: each one is kept as a mutant.

import ts from 'typescript';
import type { Mutant } from './mutant.ts';

/** A longer text says no more about a change than its beginning and its end. */
const MAX_SHOWN = 90;

const NEGATION = "import { not as negated } from 'xstate';\n";

export class Edits {
  readonly tree: ts.SourceFile;
  readonly mutants: Mutant[] = [];
  private readonly file: string;

  constructor(file: string, source: string) {
    this.file = file;
    this.tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  }

  /** The node's text, without what stands before it. */
  textOf(node: ts.Node): string {
    return node.getText(this.tree);
  }

  replace(node: ts.Node, text: string, prelude = ''): void {
    this.keep(node.getStart(this.tree), node.end, text, prelude);
  }

  /** Negates what a transition is guarded by. */
  negateGuard(guard: ts.Expression): void {
    this.replace(guard, `negated(${this.textOf(guard)})`, NEGATION);
  }

  /** Removes a property, an element or a statement, and its comma. */
  remove(node: ts.Node): void {
    const rest = this.tree.text.slice(node.end);
    const comma = /^\s*,/.exec(rest)?.[0].length ?? 0;
    this.keep(node.getStart(this.tree), node.end + comma, '', '', node.end);
  }

  private keep(start: number, end: number, text: string, prelude: string, shownEnd = end): void {
    const source = this.tree.text;
    const { line } = this.tree.getLineAndCharacterOfPosition(start);
    const code = source.split('\n')[line]?.trim() ?? '';
    const change = `${shown(source.slice(start, shownEnd))} → ${shown(text)}`.trim();
    this.mutants.push({ file: this.file, line: line + 1, code, change, start, end, text, prelude });
  }
}

function shown(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line.length <= MAX_SHOWN) return line;
  return `${line.slice(0, MAX_SHOWN / 2)} … ${line.slice(-MAX_SHOWN / 2)}`;
}
