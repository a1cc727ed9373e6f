// Owns what a mutant is: one small change of one file, named so that a person and a list can tell it from others.

export interface Mutant {
  /** The changed file, relative to the repository. */
  readonly file: string;
  readonly line: number;
  /** The whole line that the change begins on, without its indentation. */
  readonly code: string;
  /** `before → after`; an empty `after` means that it was removed. */
  readonly change: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Goes before the first line of the file: what the changed code imports. */
  readonly prelude: string;
}

export function apply({ start, end, text, prelude }: Mutant, source: string): string {
  return prelude + source.slice(0, start) + text + source.slice(end);
}

/** The name of a mutant: it stays the same when lines are added above it. */
export function nameOf({ file, code, change }: Pick<Mutant, 'file' | 'code' | 'change'>): string {
  return [file, code, change].join('\n');
}
