// Requests as bytes, written down one by one or many of a kind.

/** Mapped to the origin that records what it hears. */
export const HOST = 'raw.localhost';

/** Bytes by what is wrong with them. */
export type Malformed = Readonly<Record<string, string>>;

const LONGEST_TITLE = 60;

export function requestOf(line: string, lines: readonly string[], body = ''): string {
  return `${[line, `Host: ${HOST}`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

export function get(...lines: readonly string[]): string {
  return requestOf('GET /case HTTP/1.1', lines);
}

export function post(body: string, ...lines: readonly string[]): string {
  return requestOf('POST /case HTTP/1.1', lines, body);
}

/** With these header lines only. */
export function hosted(...lines: readonly string[]): string {
  return `${['GET /case HTTP/1.1', ...lines].join('\r\n')}\r\n\r\n`;
}

export function aimed(target: string, method = 'GET'): string {
  return requestOf(`${method} ${target} HTTP/1.1`, []);
}

/** One entry for each text: `name` says what it is, with the text itself. */
export function each(name: string, texts: readonly string[], bytesOf: (text: string) => string): Malformed {
  return Object.fromEntries(texts.map((text) => [`${name} ${shown(text)}`, bytesOf(text)]));
}

/** In ASCII: a title must survive every terminal. */
function shown(text: string): string {
  const quoted = JSON.stringify(text).replace(
    /[^ -~]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return quoted.length > LONGEST_TITLE ? `${quoted.slice(0, LONGEST_TITLE)}... of ${text.length}` : quoted;
}
