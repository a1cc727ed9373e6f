// Owns what is wrong with the syntax of a JSON file: where, and what to do, in words that repeat nothing of it.

import jsonc from 'jsonc-parser';

export interface SyntaxProblem {
  /** From the begin of the text, in UTF-16 code units. */
  readonly offset: number;
  readonly says: string;
}

/** The first thing wrong (RFC 8259), or null. Text of nothing but white space is fine: it says nothing. */
export function jsonProblem(text: string): SyntaxProblem | null {
  const [first] = errorsIn(text);
  if (first === undefined) return null;
  const { error, offset } = first;
  const comma = text.slice(0, offset).trimEnd().length - 1;
  if (/[}\]]/.test(text[offset] ?? '') && text[comma] === ',') return { offset: comma, says: COMMA_TOO_MANY };
  const code = text[offset] === '#' ? 'InvalidCommentToken' : jsonc.printParseErrorCode(error);
  return { offset, says: WORDS[code] };
}

function errorsIn(text: string): jsonc.ParseError[] {
  const errors: jsonc.ParseError[] = [];
  jsonc.parse(text, errors, { disallowComments: true, allowEmptyContent: true });
  return errors;
}

const COMMA_TOO_MANY = 'there is a comma behind the last entry, which JSON does not allow: take it out.';

const NUMBER = 'this number breaks off: write it like 5000 or -1.5.';
const VALUE =
  'a value must stand here: text in double quotes, a number, true, false, null, a list or an object.';

const WORDS: Readonly<Record<ReturnType<typeof jsonc.printParseErrorCode>, string>> = {
  InvalidSymbol:
    'this is no value: text stands in double quotes, names too; beside it there are numbers, true, false and null.',
  InvalidNumberFormat: NUMBER,
  PropertyNameExpected: 'a name must stand here in double quotes, such as "listenPort".',
  ValueExpected: VALUE,
  ColonExpected: 'a colon is missing between the name and its value.',
  CommaExpected: 'a comma is missing before this.',
  CloseBraceExpected: 'the file ends here, and a } is missing.',
  CloseBracketExpected: 'the file ends here, and a ] is missing.',
  EndOfFileExpected: 'this stands behind the end: a JSON file holds one {…} and nothing else.',
  InvalidCommentToken: 'JSON has no comments: take it out, or write the file as YAML (octoporty.yaml).',
  UnexpectedEndOfComment: 'JSON has no comments: take it out, or write the file as YAML (octoporty.yaml).',
  UnexpectedEndOfString: 'this quote has no second one in its line to close it.',
  UnexpectedEndOfNumber: NUMBER,
  InvalidUnicode: String.raw`in this text \u is not followed by four digits from 0 to f.`,
  InvalidEscapeCharacter: String.raw`in this text a backslash begins an escape: write \\ for the backslash itself.`,
  InvalidCharacter: String.raw`in this text there is a tab or another control character: write \t for a tab.`,
  '<unknown ParseErrorCode>': 'this is no JSON.',
};
