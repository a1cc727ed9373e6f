// Owns the settings that are text: secrets, passwords, tokens, and all that is taken as it is typed.

import { variable, type Parsed } from './values.ts';

/** Fewer bytes of secret could be guessed: HS256 wants as many as its hash has (RFC 7518 §3.2). */
export const MIN_SECRET_BYTES = 32;

/** Nobody can type or send them in a password, and a file has them by mistake: "openssl rand -base64 64" prints two lines. */
const LINE_END = /[\0\r\n]/;

const NO_LINE_END = 'must be one line: take the line end, or the NUL, out of it.';

const ONE_LINE_SECRET =
  'must be one line, such as the output of "openssl rand -hex 32": there is a line end, or a NUL, in it.';

const BLANK = 'must not be blank: give it a value, or leave it out.';

const SET_SECRET = `is not set: give gateway and agent the same ${MIN_SECRET_BYTES} or more random bytes, such as the output of "openssl rand -hex 32".`;

/** The shared secret; never repeated in an error. */
export function secretValue() {
  return variable(parseSecret, SET_SECRET);
}

/** Taken as it is: a password may begin or end with a space. */
export function passwordValue() {
  return variable(
    (text) => (LINE_END.test(text) ? { problem: NO_LINE_END } : { value: text }),
    'is not set: choose the password of the dashboard.',
  );
}

/** What an `Authorization` header can carry; never repeated in an error. */
export function tokenValue() {
  return variable((text) => {
    const token = text.trim();
    if (token === '') return { problem: BLANK };
    if (/^[\x20-\x7e]+$/.test(token)) return { value: token };
    return {
      problem:
        'must be ASCII on one line, as a header carries nothing else: take the output of "openssl rand -hex 32".',
    };
  });
}

/** Any text on one line, spaces around it dropped. */
export function textValue() {
  return variable((text) => {
    const trimmed = text.trim();
    if (trimmed === '') return { problem: BLANK };
    if (/\p{Cc}/u.test(trimmed))
      return {
        problem: 'must be one line without control characters: there is a line end, a tab or the like in it.',
      };
    return { value: trimmed };
  });
}

/** Text over any number of lines, spaces around it dropped. */
export function longTextValue() {
  return variable((text) => {
    const trimmed = text.trim();
    if (trimmed === '') return { problem: BLANK };
    return trimmed.includes('\0') ? { problem: 'must not hold a NUL.' } : { value: trimmed };
  });
}

function parseSecret(text: string): Parsed<string> {
  if (LINE_END.test(text)) return { problem: ONE_LINE_SECRET };
  const bytes = Buffer.byteLength(text);
  if (bytes >= MIN_SECRET_BYTES) return { value: text };
  return {
    problem: `has ${bytes} bytes: use at least ${MIN_SECRET_BYTES}, such as the output of "openssl rand -hex 32".`,
  };
}
