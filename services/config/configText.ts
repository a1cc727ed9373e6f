// Owns the text of a configuration file: what its keys mean, and each thing wrong in it by its line.

import { dirname, resolve } from 'node:path';
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import { passwordsIn } from './logins.ts';
import { MAPPINGS_KEY } from './mapFlag.ts';
import { keyOf, variableOf } from './names.ts';
import { nearest } from './nearest.ts';
import { fileVariables, isList, isPath, isSecret } from './settings.ts';
import { isJson, syntaxProblems } from './syntax.ts';
import { quoted } from './values.ts';
import type { ConfigFile } from './variables.ts';

/** A configuration file as it was read, whatever is wrong in it. */
export interface ReadConfigFile extends ConfigFile {
  readonly mappings: readonly FileMapping[];
  readonly problems: readonly FileProblem[];
}

/** An entry below `mappings`, as it was written. */
export interface FileMapping {
  readonly name: string;
  readonly url: string;
  readonly line: number;
}

export interface FileProblem {
  /** One plain line with the file and the line in it. */
  readonly says: string;
  /** The variable it is about; null: none that we know. */
  readonly setting: string | null;
}

/** What group and others may do with a file (chmod 077). */
const OTHERS = 0o077;

/** YAML, and so JSON. `mode` is the file's: secrets may be in it only when it is its owner's alone. */
export function parseConfigText(path: string, text: string, mode: number): ReadConfigFile {
  const plain = text.replace(/^\uFEFF/, '');
  const lines = new LineCounter();
  // What stands twice, the reader tells.
  const document = parseDocument(plain, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const syntax = syntaxProblems(path, plain, document, lines).map((says) => ({ says, setting: null }));
  if (syntax.length > 0) return { path, values: new Map(), mappings: [], problems: syntax };
  return new Reader(path, document, lines, (mode & OTHERS) !== 0 ? mode : null).read();
}

/** One reading of one file: what it says, and what is wrong in it. */
class Reader {
  private readonly path: string;
  private readonly document: Document;
  private readonly lines: LineCounter;
  /** The file's mode when others may read it; null: it is its owner's alone. */
  private readonly openMode: number | null;
  private readonly values = new Map<string, { text: string; line: number }>();
  private readonly mappings: FileMapping[] = [];
  private readonly problems: FileProblem[] = [];
  /** Where each key stands first. */
  private readonly firsts = new Map<string, number>();

  constructor(path: string, document: Document, lines: LineCounter, openMode: number | null) {
    this.path = path;
    this.document = document;
    this.lines = lines;
    this.openMode = openMode;
  }

  read(): ReadConfigFile {
    const { contents } = this.document;
    if (isMap(contents)) for (const { key, value } of contents.items) this.takeEntry(key, value);
    else if (contents !== null && !(isScalar(contents) && contents.value === null))
      this.complain(contents, `there must be settings, such as ${this.example()}.`, null);
    const { path, values, mappings, problems } = this;
    return { path, values, mappings, problems };
  }

  private takeEntry(keyNode: unknown, node: unknown): void {
    const key = textOf(keyNode) ?? '';
    const variable = variableOf(key);
    if (this.isRepeated(key, keyNode)) return;
    if (key === MAPPINGS_KEY) this.takeMappings(node, keyNode);
    else if (fileVariables().includes(variable) && keyOf(variable) === key)
      this.takeSetting(variable, node, keyNode);
    else {
      const name = shownKey(key);
      const meant = nearest(name, [...fileVariables().map(keyOf), MAPPINGS_KEY]);
      const hint = name.endsWith(':…')
        ? 'a value stands behind a colon and a space.'
        : meant === undefined
          ? '"octoporty config --help" lists them.'
          : `did you mean "${meant}"?`;
      this.complain(keyNode, `there is no setting ${quoted(name)}: ${hint}`, null);
    }
  }

  /** Of two values of one setting nobody knows which was meant. Mappings are told apart where their names are understood. */
  private isRepeated(key: string, keyNode: unknown): boolean {
    const { line, col } = this.placeOf(keyNode);
    const first = this.firsts.get(key);
    if (first === undefined) {
      this.firsts.set(key, line);
      return false;
    }
    const other = first === line ? 'in this line' : `in line ${first}`;
    this.problems.push({
      says: `${this.path}:${line}:${col}: ${quoted(shownKey(key))} stands ${other} already: keep one of them.`,
      setting: null,
    });
    return true;
  }

  private example(): string {
    return isJson(this.path) ? '{"listenPort": 5000}' : '"listenPort: 5000" with a space behind the colon';
  }

  private takeSetting(variable: string, given: unknown, keyNode: unknown): void {
    const key = keyOf(variable);
    const text = this.valueOf(variable, given, keyNode);
    if (text === null) return;
    if (this.openMode !== null && isSecret(variable) && holdsSecret(variable, text)) {
      const mode = (this.openMode & 0o777).toString(8).padStart(4, '0');
      const how = `run "chmod 600 ${this.path}", or keep it in a file of its own, named by ${key}File`;
      this.complain(
        keyNode,
        `${key} is a secret, and others may read this file (mode ${mode}): ${how}.`,
        variable,
      );
    }
    this.values.set(variable, { text: this.pathFrom(variable, text), line: this.lineOf(keyNode) });
  }

  /** As a variable would have it: lists with commas between. Null: it says nothing, or what it says is no value. */
  private valueOf(variable: string, given: unknown, keyNode: unknown): string | null {
    const node = this.resolved(given);
    if (isEmpty(node)) return null;
    if (isSeq(node)) {
      const texts = node.items.map((item) => textOf(this.resolved(item)));
      const isPlain = texts.every((text) => text !== undefined);
      if (isList(variable) && isPlain) return texts.join(',');
    }
    const text = textOf(node);
    if (isAlias(given) && node === undefined)
      this.complain(keyNode, `${keyOf(variable)} begins with "*": put the value in quotes.`, variable);
    else if (text === undefined) {
      const what = isList(variable) ? 'a list of values' : 'one value';
      this.complain(keyNode, `${keyOf(variable)} must be ${what}.`, variable);
    }
    return text ?? null;
  }

  private takeMappings(given: unknown, keyNode: unknown): void {
    const node = this.resolved(given);
    if (isEmpty(node)) return;
    if (!isMap(node)) {
      this.complain(keyNode, `${MAPPINGS_KEY} must be like "app.example.com: http://127.0.0.1:3000".`, null);
      return;
    }
    for (const { key, value } of node.items) {
      const [name, url] = [textOf(key), textOf(this.resolved(value))];
      if (name !== undefined && url !== undefined) this.mappings.push({ name, url, line: this.lineOf(key) });
      else {
        const which = name === undefined || name.includes('@') ? '' : ` ${quoted(name)}`;
        this.complain(key, `${MAPPINGS_KEY}${which} must be a URL such as http://127.0.0.1:3000.`, null);
      }
    }
  }

  /** Paths are meant from the folder of the file; a bare name of a program is looked up on the PATH. */
  private pathFrom(variable: string, text: string): string {
    const isBareProgram = variable === 'OCTOPORTY_CADDY' && !text.includes('/');
    if (!isPath(variable) || text === '' || isBareProgram) return text;
    return resolve(dirname(this.path), text);
  }

  private resolved(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node;
  }

  private complain(node: unknown, says: string, setting: string | null): void {
    this.problems.push({ says: `${this.path}:${this.lineOf(node)}: ${says}`, setting });
  }

  private lineOf(node: unknown): number {
    return this.placeOf(node).line;
  }

  private placeOf(node: unknown): { readonly line: number; readonly col: number } {
    const range = isScalar(node) || isMap(node) || isSeq(node) ? node.range : null;
    return this.lines.linePos(range?.[0] ?? 0);
  }
}

/** Up to the "=" or ":" of what was meant for a value, which may be a secret. */
function shownKey(key: string): string {
  return key.replace(/([=:]).*$/s, '$1…');
}

/** A plain value as it was written: a number keeps its zeros. Undefined for anything else, nothing among it. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  const { value, source } = node;
  if (typeof value === 'string') return value;
  const isPlain = ['number', 'bigint', 'boolean'].includes(typeof value);
  return isPlain ? (source ?? String(value)) : undefined;
}

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** A connection string is a secret only for the password in it. */
function holdsSecret(variable: string, text: string): boolean {
  if (text === '') return false;
  return variable === 'OCTOPORTY_CONNECTION_STRING' ? passwordsIn(text).length > 0 : true;
}
