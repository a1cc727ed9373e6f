// Owns the text of a file of settings as systemd reads it (EnvironmentFile= in systemd.exec(5)): one NAME=value a line.

import { SetUpError } from './setUp.ts';

export interface EnvValue {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** Of a name that stands twice the last one counts. Throws SetUpError for what we and systemd could read differently. */
export function parseEnvText(path: string, text: string): ReadonlyMap<string, EnvValue> {
  const values = new Map<string, EnvValue>();
  for (const [index, line] of text.split(END_OF_LINE).entries()) {
    if (isIgnored(line)) continue;
    const [, name = '', written = ''] = ASSIGNMENT.exec(line) ?? [];
    const value = name === '' ? null : valueOf(written);
    if (value === null) {
      throw new SetUpError(
        `${path}:${index + 1}: must be NAME=value, the value in "double quotes" where it has spaces or quotes.`,
      );
    }
    values.set(name, { text: value, line: index + 1 });
  }
  return values;
}

/**
 * The same text with these settings: a line that says something else is replaced, a new name comes last. Lines of the
 * names that are `gone` go.
 */
export function withSettings(
  text: string,
  settings: ReadonlyMap<string, string>,
  gone: ReadonlySet<string> = new Set(),
): string {
  const left = new Map(settings);
  const lines = text.split(END_OF_LINE).flatMap((line) => {
    const [, name = '', written = ''] = isIgnored(line) ? [] : (ASSIGNMENT.exec(line) ?? []);
    if (gone.has(name)) return [];
    const value = settings.get(name);
    left.delete(name);
    return [value === undefined || valueOf(written) === value ? line : `${name}=${quoted(value)}`];
  });
  if (lines.at(-1) === '') lines.pop();
  return `${[...lines, ...[...left].map(([name, value]) => `${name}=${quoted(value)}`)].join('\n')}\n`;
}

/** Whether a value can stand on a line of such a file. */
export function isOneLine(value: string): boolean {
  return !/[\u0000\r\n]/.test(value);
}

/** systemd reads what editors of Windows write, too. */
const END_OF_LINE = /\r?\n/;

const ASSIGNMENT = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;

function isIgnored(line: string): boolean {
  return /^\s*(?:[#;].*)?$/.test(line);
}

/** Null for what is written in a way that is not ours. */
function valueOf(written: string): string | null {
  const text = written.trim();
  const [, doubled] = /^"((?:[^"\\]|\\.)*)"$/.exec(text) ?? [];
  if (doubled !== undefined) return doubled.replace(/\\(["\\`$])/g, '$1');
  const [, single] = /^'([^']*)'$/.exec(text) ?? [];
  return single ?? (/^[^"'\\]*$/.test(text) ? text : null);
}

/** Plain where nobody could read it differently. */
function quoted(value: string): string {
  return /^[\w./:@,+-]*$/.test(value) ? value : `"${value.replace(/["\\`$]/g, String.raw`\$&`)}"`;
}
