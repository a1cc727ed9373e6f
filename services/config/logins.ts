// Owns the passwords inside URLs and connection strings: found for the log that must not show them, dropped for errors.

import { quoted } from './values.ts';

/** `Password=…`: in double, single or no quotes, or in braces as ODBC has it. A quote inside is doubled. */
const PASSWORD_PAIR =
  /(?:^|;)\s*(?:password|pwd)\s*=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|\{(?:[^}]|\}\})*\}|(?:[^;]|;;)*)/gi;

/** A text that may be a URL, for people. A password may hold any sign: all before the last "@" goes. */
export function withoutLogin(text: string): string {
  return text.replace(/\/\/.*@/s, '//');
}

/** What should be a URL, for people; null where it is none: then nobody knows what in it is a password. */
export function shownUrl(text: string): string | null {
  const shown = withoutLogin(text);
  return URL.canParse(text) && !shown.includes('@') ? shown : null;
}

/** The end of an error about a URL: what was given instead, where it may be shown. */
export function notThis(text: string): string {
  const shown = shownUrl(text);
  return shown === null ? '' : `, not ${quoted(shown)}`;
}

/** The passwords inside a connection string, in each form an error message may show them. */
export function passwordsIn(connectionString: string): string[] {
  // An "@" in a password should be escaped, and is understood when it is not: then the last one ends the login.
  const logins = [/^[a-z]+:\/\/[^/@:]*:([^@]*)@/i, /^[a-z]+:\/\/[^/@:]*:([^/?#]*)@/i];
  const inUrl = logins.map((login) => login.exec(connectionString)?.[1] ?? '');
  const inPairs = [...connectionString.matchAll(PASSWORD_PAIR)].flatMap(([, value = '']) =>
    unquoted(value.trim()),
  );
  return [...inUrl, ...inUrl.map(decoded), ...inPairs].filter((password) => password !== '');
}

/** What is between the quotes: as it is written, and as it is meant. */
function unquoted(value: string): string[] {
  const [, quote, inQuotes] = /^(?:(["'{])(.*)["'}])$/s.exec(value) ?? [];
  if (quote === undefined || inQuotes === undefined) return [value, value.replaceAll(';;', ';')];
  const end = quote === '{' ? '}' : quote;
  return [inQuotes, inQuotes.replaceAll(end + end, end)];
}

/** Without its escapes, where they are any. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A bare "%" is no escape: then the password is as it is written.
    if (error instanceof URIError) return text;
    throw error;
  }
}
