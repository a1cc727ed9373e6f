// Requests that may be written in more than one way, and the one way in which an origin must hear them.

import { HOST, get, hosted, post, requestOf } from './requestBytes.ts';

export interface Unambiguous {
  readonly title: string;
  readonly bytes: string;
  /** The request line as the origin hears it. */
  readonly line: string;
  /** Its Content-Length and Transfer-Encoding lines. */
  readonly framing?: readonly string[];
  readonly body?: string;
  readonly trailers?: readonly string[];
  /** Header lines that it has, among others. */
  readonly holds?: readonly string[];
  /** Lower-case names of which it has no line. */
  readonly lacks?: readonly string[];
  /** Nothing behind it is read. */
  readonly isLast?: boolean;
}

const GET_LINE = 'GET /case HTTP/1.1';
const POST_LINE = 'POST /case HTTP/1.1';
const CHUNKED = 'Transfer-Encoding: chunked';
const FIVE = 'Content-Length: 5';
const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket'] as const;
const HELLO = '5\r\nhello\r\n0\r\n\r\n';
const VALUE_BYTES = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~\xa0\xff';

const REQUEST_LINES: readonly Unambiguous[] = [
  { title: 'an empty line before it', bytes: `\r\n${get()}`, line: GET_LINE },
  { title: 'several empty lines before it', bytes: `\r\n\r\n\r\n${get()}`, line: GET_LINE },
  { title: 'absolute form', bytes: asked(`GET http://${HOST}/case HTTP/1.1`), line: GET_LINE },
  {
    title: 'absolute form in upper case',
    bytes: asked(`GET HTTP://RAW.LOCALHOST/case HTTP/1.1`),
    line: GET_LINE,
  },
  {
    title: 'absolute form with its port',
    bytes: asked(`GET http://${HOST}:80/case HTTP/1.1`),
    line: GET_LINE,
  },
  {
    title: 'absolute form without a path',
    bytes: asked(`GET http://${HOST} HTTP/1.1`),
    line: 'GET / HTTP/1.1',
  },
  {
    title: 'absolute form with a query only',
    bytes: asked(`GET http://${HOST}?x HTTP/1.1`),
    line: 'GET /?x HTTP/1.1',
  },
  {
    title: 'absolute form of the whole server',
    bytes: asked(`OPTIONS http://${HOST} HTTP/1.1`),
    line: 'OPTIONS * HTTP/1.1',
  },
  { title: 'an asterisk', bytes: asked('OPTIONS * HTTP/1.1'), line: 'OPTIONS * HTTP/1.1' },
  {
    title: 'a target within a target',
    bytes: asked('GET /http://b.test/ HTTP/1.1'),
    line: 'GET /http://b.test/ HTTP/1.1',
  },
  {
    title: 'an authority within a path',
    bytes: asked('GET //b.test/case HTTP/1.1'),
    line: 'GET //b.test/case HTTP/1.1',
  },
  {
    title: 'line ends in percent form',
    bytes: asked('GET /%0d%0aX:%20y HTTP/1.1'),
    line: 'GET /%0d%0aX:%20y HTTP/1.1',
  },
  { title: 'HTTP/1.0', bytes: requestOf('GET /case HTTP/1.0', ['Connection: keep-alive']), line: GET_LINE },
  { title: 'HTTP/1.0, once', bytes: asked('GET /case HTTP/1.0'), line: GET_LINE, isLast: true },
  // Node's parser reads these as HTTP and does not tell.
  { title: 'RTSP/1.0', bytes: asked('GET /case RTSP/1.0'), line: GET_LINE, isLast: true },
  { title: 'ICE/1.1', bytes: asked('SOURCE /case ICE/1.1'), line: 'SOURCE /case HTTP/1.1' },
];

/** The title, the bytes, the framing line and the body as the origin hears them. */
const FRAMINGS: readonly Unambiguous[] = (
  [
    ['Chunked in mixed case', post(HELLO, 'TRANSFER-encoding: ChUnKeD'), CHUNKED, 'hello'],
    ['chunked between spaces and tabs', post(HELLO, 'Transfer-Encoding: \t chunked '), CHUNKED, 'hello'],
    ['chunked nominated by Connection', chunked(HELLO, 'Connection: Transfer-Encoding'), CHUNKED, 'hello'],
    ['no chunk but the last', chunked('0\r\n\r\n'), CHUNKED, ''],
    ['chunk sizes with zeros in front', chunked('0005\r\nhello\r\n000\r\n\r\n'), CHUNKED, 'hello'],
    ['a size of 17 digits, 16 of them zeros', chunked(`${'0'.repeat(16)}${HELLO}`), CHUNKED, 'hello'],
    [
      'sizes in either case',
      chunked('a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n'),
      CHUNKED,
      '0123456789'.repeat(2),
    ],
    ['chunk extensions', chunked('5;a;b=c;d="e;\\"f"\r\nhello\r\n0;g\r\n\r\n'), CHUNKED, 'hello'],
    [
      'a chunk that holds an end of chunks',
      chunked('9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n'),
      CHUNKED,
      '\r\n0\r\n\r\n\r\n',
    ],
    ['a length between spaces and tabs', post('hello', 'Content-Length: \t 5 '), FIVE, 'hello'],
    ['a length nominated by Connection', post('hello', 'Connection: Content-Length', FIVE), FIVE, 'hello'],
    ['a length on GET', requestOf(GET_LINE, [FIVE], 'hello'), FIVE, 'hello'],
    ['a length on HEAD', requestOf('HEAD /case HTTP/1.1', [FIVE], 'hello'), FIVE, 'hello'],
    ['a length of nothing', post('', 'Content-Length: 0'), 'Content-Length: 0', ''],
    [
      'a body that is a request',
      post(get(), `Content-Length: ${get().length}`),
      `Content-Length: ${get().length}`,
      get(),
    ],
  ] as const
).map(([title, bytes, framing, body]) => ({ title, bytes, line: lineOf(bytes), framing: [framing], body }));

/** The title, the line that is sent, those lines that the origin hears, and the lower-case names that it does not. */
const FIELDS: readonly Unambiguous[] = (
  [
    ['Host, nominated by Connection', ['Connection: Host'], [`Host: ${HOST}`], []],
    [
      'X-Forwarded-For, nominated by Connection',
      ['Connection: X-Forwarded-For, X-Hop', 'X-Hop: 1'],
      ['X-Forwarded-For: 127.0.0.1'],
      ['x-hop'],
    ],
    ['every byte that a value may hold', [`X-A: \t${VALUE_BYTES}\t `], [`X-A: ${VALUE_BYTES}`], []],
    ['every sign that a name may hold', ["X!#$%&'*+-.^_`|~9: b"], ["X!#$%&'*+-.^_`|~9: b"], []],
    ['an empty value', ['X-A:'], ['X-A: '], []],
    [
      'hop-by-hop lines',
      ['Keep-Alive: 5', 'Proxy-Connection: x', 'TE: gzip'],
      [],
      ['keep-alive', 'proxy-connection', 'te'],
    ],
    ['what is ours to say', ['X-Octoporty-Error: x'], [], ['x-octoporty-error']],
    ['an expectation that nobody knows', ['Expect: miracles'], [], ['expect']],
    ['an upgrade that Connection does not name', ['Upgrade: websocket'], [], ['upgrade']],
    ['an upgrade to nothing', ['Connection: Upgrade'], [], ['upgrade']],
  ] as const
).map(([title, lines, holds, lacks]) => ({ title, bytes: get(...lines), line: GET_LINE, holds, lacks }));

/** What visitors may not say behind their body. */
const VOUCHING = [
  ...[
    'Host: b.test',
    'Trailer: X',
    'Connection: x',
    'TE: x',
    'Upgrade: x',
    'Content-Type: a/b',
    'X-Octoporty-Error: x',
  ],
  ...[
    'Authorization: x',
    'Cookie: x',
    'X-Forwarded-For: 192.0.2.1',
    'X_Forwarded_Host: b.test',
    'Forwarded: for=192.0.2.1',
  ],
  ...['Via: x', 'Expect: 100-continue'],
];

const FIVE_BYTES = { line: POST_LINE, framing: [FIVE], body: 'hello', isLast: true };
const NO_UPGRADE = { lacks: ['upgrade', 'http2-settings'], isLast: true };

const OTHERS: readonly Unambiguous[] = [
  {
    title: 'Host between spaces and tabs, with a port',
    bytes: hosted('Host:\t Raw.LocalHost.:80 '),
    line: GET_LINE,
    holds: ['Host: Raw.LocalHost.:80'],
  },
  {
    title: 'trailers that would route or vouch',
    bytes: chunked(`0\r\nX-Sum: 1\r\n${VOUCHING.join('\r\n')}\r\n\r\n`),
    line: POST_LINE,
    framing: [CHUNKED],
    trailers: ['X-Sum: 1'],
  },
  {
    title: 'trailers that close the connection',
    bytes: chunked('0\r\nConnection: close\r\n\r\n'),
    line: POST_LINE,
    framing: [CHUNKED],
    isLast: true,
  },
  { title: 'bytes that no length covers', bytes: post('hello!', FIVE), ...FIVE_BYTES },
  { title: 'h2c', bytes: get(...H2C), line: GET_LINE, ...NO_UPGRADE },
  {
    title: 'h2c beside WebSocket',
    bytes: get(WEBSOCKET[0], 'Upgrade: websocket, h2c'),
    line: GET_LINE,
    ...NO_UPGRADE,
  },
  { title: 'h2c with a body', bytes: post('hello', ...H2C, FIVE), ...FIVE_BYTES, ...NO_UPGRADE },
  { title: 'an upgrade with a body', bytes: post('hello', ...WEBSOCKET, FIVE), ...FIVE_BYTES, ...NO_UPGRADE },
  {
    title: 'an upgrade with chunks',
    bytes: chunked(HELLO, ...WEBSOCKET),
    ...FIVE_BYTES,
    framing: [CHUNKED],
    ...NO_UPGRADE,
  },
  {
    title: 'an upgrade in HTTP/1.0',
    bytes: requestOf('GET /case HTTP/1.0', WEBSOCKET),
    line: GET_LINE,
    ...NO_UPGRADE,
  },
  {
    title: 'an upgrade that the origin ignores',
    bytes: get(...WEBSOCKET),
    line: GET_LINE,
    holds: ['Upgrade: websocket'],
    isLast: true,
  },
];

export const UNAMBIGUOUS: readonly Unambiguous[] = [...REQUEST_LINES, ...FRAMINGS, ...FIELDS, ...OTHERS];

function asked(line: string): string {
  return requestOf(line, []);
}

function chunked(bytes: string, ...lines: readonly string[]): string {
  return post(bytes, CHUNKED, ...lines);
}

function lineOf(bytes: string): string {
  return bytes.split('\r\n', 1)[0] ?? '';
}
