// Owns what is wrong with the syntax of a JSON file: where, and what to do, in words that repeat nothing of it.

export interface SyntaxProblem {
  /** From the begin of the text, in UTF-16 code units. */
  readonly offset: number;
  readonly says: string;
}

/** The first thing wrong (RFC 8259), or null. Text of nothing but white space is fine: it says nothing. */
export function jsonProblem(text: string): SyntaxProblem | null {
  try {
    new Reading(text).whole();
    return null;
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { offset: error.offset, says: error.message };
  }
}

/** Deeper than any configuration goes. Raised: brackets alone fill the stack. */
const MAX_DEPTH = 32;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const PLAIN = /[^"\\\p{Cc}]*/uy;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class Wrong extends Error {
  readonly offset: number;

  constructor(offset: number, says: string) {
    super(says);
    this.offset = offset;
  }
}

/** One pass over the text. `at` is where it stands. */
class Reading {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  whole(): void {
    this.blank();
    if (this.at === this.text.length) return;
    this.value(0);
    this.blank();
    if (this.at < this.text.length)
      throw this.wrong('this stands behind the end: a JSON file holds one {…} and nothing else.');
  }

  private value(depth: number): void {
    if (depth > MAX_DEPTH) throw this.wrong('no configuration is nested as deep as this.');
    const sign = this.text[this.at];
    if (sign === '{') this.list('}', depth, () => this.entry(depth));
    else if (sign === '[') this.list(']', depth, () => this.value(depth + 1));
    else if (sign === '"') this.string();
    else this.bare();
  }

  /** Entries with commas between, up to the bracket that closes. */
  private list(close: string, depth: number, entry: () => void): void {
    const open = this.at;
    this.at += 1;
    this.blank();
    if (this.skip(close)) return;
    for (;;) {
      if (this.text[this.at] === ',') throw this.wrong('there is a comma too many: take it out.');
      entry();
      this.blank();
      if (this.skip(close)) return;
      const comma = this.at;
      if (comma === this.text.length)
        throw new Wrong(open, `this ${this.text[open] ?? ''} is never closed: a ${close} is missing.`);
      if (!this.skip(',')) throw this.wrong(`a comma is missing before this, or a ${close}.`);
      this.blank();
      if (this.text[this.at] === close)
        throw new Wrong(
          comma,
          'there is a comma behind the last entry, which JSON does not allow: take it out.',
        );
    }
  }

  private entry(depth: number): void {
    if (this.text[this.at] !== '"')
      throw this.wrong('a name must stand here in double quotes, such as "listenPort".');
    this.string();
    this.blank();
    if (!this.skip(':')) throw this.wrong('a colon is missing between the name and its value.');
    this.blank();
    this.value(depth + 1);
  }

  private string(): void {
    const open = this.at;
    this.at += 1;
    for (;;) {
      this.take(PLAIN);
      if (this.skip('"')) return;
      if (this.text[this.at] === '\\') {
        if (!this.take(ESCAPE))
          throw this.wrong('a backslash begins an escape: write \\\\ for the backslash itself.');
      } else if (this.text[this.at] === '\t') throw this.wrong('a tab inside quotes is written \\t.');
      else if (this.at === this.text.length || /[\r\n]/.test(this.text[this.at] ?? ''))
        throw new Wrong(open, 'this quote has no second one in its line to close it.');
      else throw this.wrong('a control character inside quotes must be escaped, such as \\u0007.');
    }
  }

  private bare(): void {
    const begin = this.at;
    const isKnown = this.take(NUMBER) || this.take(WORD);
    if (isKnown && !/[\w.+-]/.test(this.text[this.at] ?? '')) return;
    this.at = begin;
    if (begin === this.text.length) throw this.wrong('a value is missing here.');
    throw this.wrong(
      'this is no value: text stands in double quotes, beside it there are numbers, true, false and null.',
    );
  }

  /** JSON has no comments, but people write them. */
  private blank(): void {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? '')) this.at += 1;
    if (/^(?:\/\/|\/\*|#)/.test(this.text.slice(this.at, this.at + 2)))
      throw this.wrong('JSON has no comments: take it out, or write the file as YAML (octoporty.yaml).');
  }

  private skip(sign: string): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const [taken] = pattern.exec(this.text) ?? [];
    this.at += taken?.length ?? 0;
    return taken !== undefined;
  }

  private wrong(says: string): Wrong {
    return new Wrong(this.at, says);
  }
}
