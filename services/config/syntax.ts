// Owns what is wrong with a configuration file before anything in it is read: its JSON or YAML, in plain words.

import type { Document, ErrorCode, LineCounter, YAMLError } from 'yaml';
import { jsonProblem, type SyntaxProblem } from './jsonSyntax.ts';

const NO_PAIR = 'each line must be like "listenPort: 5000", with a colon and a space';

/** Of brackets that fill the stack. */
const TOO_DEEP = 'Maximum call stack';

const NOT_CLOSED = 'a bracket that opens is not closed, or its end stands too far left';

/** The parser's own words speak of YAML's grammar. They stay where there are none here: such errors are rare. */
const YAML_WORDS: ReadonlyMap<ErrorCode, string> = new Map([
  [
    'BAD_DQ_ESCAPE',
    String.raw`a backslash in double quotes begins an escape: write \\, or take single quotes`,
  ],
  ['BAD_INDENT', 'this line begins further left or right than those that belong to it'],
  ['BAD_SCALAR_START', 'a value that begins with this sign must stand in quotes'],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    'a second ": " in a value needs quotes around it; a line below it must not begin further right',
  ],
  ['MULTILINE_IMPLICIT_KEY', NO_PAIR],
  ['MULTIPLE_DOCS', 'a second document begins here: a file holds one'],
  ['TAB_AS_INDENT', 'a tab begins this line: begin it with spaces'],
  ['TAG_RESOLVE_FAILED', 'a value that begins with "!" must stand in quotes'],
  ['UNEXPECTED_TOKEN', 'nothing can follow here: put the value in quotes, or take out what is too much'],
]);

/** Of codes that mean several things: by how the message begins. */
const YAML_WORDS_BY_MESSAGE: readonly (readonly [string, string])[] = [
  [TOO_DEEP, 'no configuration is nested as deep as this'],
  ['Implicit map keys', NO_PAIR],
  ['Flow map', NOT_CLOSED],
  ['Flow sequence', NOT_CLOSED],
  ['Missing closing', 'a quote that opens is not closed'],
];

/** The first thing wrong in each line, with `file:line:column` before it. */
export function syntaxProblems(
  path: string,
  text: string,
  { errors, warnings }: Document,
  lines: LineCounter,
): string[] {
  const told = new Set<number>();
  return problemsIn(path, text, [...errors, ...warnings]).flatMap(({ offset, says }) => {
    const { line, col } = lines.linePos(offset);
    if (told.has(line)) return [];
    told.add(line);
    return [`${path}:${line}:${col}: ${says}`];
  });
}

export function isJson(path: string): boolean {
  return /\.json$/i.test(path);
}

function problemsIn(path: string, text: string, found: readonly YAMLError[]): SyntaxProblem[] {
  const nul = text.indexOf('\0');
  if (nul >= 0) return [{ offset: nul, says: 'there is a NUL in the file, as in UTF-16: save it as UTF-8.' }];
  // Before the other reading, which tells of it: the same would happen to this one.
  const isTooDeep = found.some(({ message }) => message.startsWith(TOO_DEEP));
  const inJson = isJson(path) && !isTooDeep ? jsonProblem(text) : null;
  return inJson === null ? found.map(inYaml) : [inJson];
}

function inYaml({ code, message, pos: [offset] }: YAMLError): SyntaxProblem {
  const [, byMessage] = YAML_WORDS_BY_MESSAGE.find(([begin]) => message.startsWith(begin)) ?? [];
  // What follows a word's colon repeats what stands there, which may be a secret.
  const own = message.replace(/(?<=\S)[:;] .*$/s, '');
  return { offset, says: `${byMessage ?? YAML_WORDS.get(code) ?? own}.` };
}
