// All exchanges that are drawn: whatever HTTP allows and somebody might send.

import fc from 'fast-check';
import type { Line } from './messageReader.ts';
import {
  lawful,
  type Answer,
  type Body,
  type Cut,
  type Exchange,
  type Mishap,
  type Request,
} from './exchange.ts';

/** The name that the gateway knows; the same is asked for directly. */
export const HOST = 'differential.localhost';

const MOST_LINES = 30;

/** Raised: a head is refused for its size, which is 16 KiB at most. */
const MOST_LINE_BYTES = 12_000;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'];
const RARE_METHODS = ['PROPFIND', 'REPORT', 'MKCOL', 'SEARCH', 'LOCK', 'PURGE', 'M-SEARCH', 'MERGE', 'QUERY'];

const STATUSES = [200, 201, 202, 204, 205, 206, 299, 302, 304, 401, 404, 418, 426, 451, 500, 503, 599];
const INTERIM_STATUSES = [102, 103, 110, 199];

const TOKEN = "!#$%&'*+-.^_`|~09azAZ";
/** RFC 3986's, and what visitors send without encoding it. */
const TARGET = '/%2F..;=?&@:!$\'()*+,~_-.az09[]{}|^`"<>\\';

const octet = (low: number, high: number) =>
  fc.integer({ min: low, max: high }).map((code) => String.fromCharCode(code));
const octetOf = (characters: string) => fc.constantFrom(...characters.split(/(?:)/));
const visible = octet(0x21, 0x7e);
const obsText = octet(0x80, 0xff);
const blank = fc.constantFrom(' ', '\t');
const textUnit = fc.oneof({ weight: 6, arbitrary: visible }, { weight: 2, arbitrary: obsText }, blank);
const text = (maxLength: number) => fc.string({ unit: textUnit, maxLength, size: 'max' });

const value = fc.oneof(
  { weight: 6, arbitrary: text(30) },
  { weight: 1, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc
      .tuple(text(10), fc.integer({ min: 1, max: 200 }))
      .map(([some, times]) => some.repeat(times)),
  },
);
const token = fc.string({ unit: octetOf(TOKEN), minLength: 1, maxLength: 12 });
const madeUpName = token.map((end) => `X-${end}`);

function named(...names: string[]): fc.Arbitrary<string> {
  return fc.mixedCase(fc.constantFrom(...names));
}

/** Lines that nobody on the way reads. */
const plainLine = (...names: string[]): fc.Arbitrary<Line> =>
  fc.tuple(fc.oneof(named('X-Hop', 'X-Same', ...names), madeUpName), value);

/** Some of them in vain. */
const NOMINATED = ['X-Hop', 'X-Same', 'Cache-Control', 'Content-Length', 'Host', 'Via', 'Transfer-Encoding'];

function connectionLine(...members: string[]): fc.Arbitrary<Line> {
  const some = fc.array(named(...NOMINATED, ...members), {
    minLength: 1,
    maxLength: 3,
  });
  return fc.tuple(
    named('Connection'),
    fc.tuple(some, fc.constantFrom(',', ', ', ' ,\t')).map(([all, by]) => all.join(by)),
  );
}

function lines(plain: fc.Arbitrary<Line>, special: fc.Arbitrary<Line>): fc.Arbitrary<Line[]> {
  const line = fc.oneof({ weight: 5, arbitrary: plain }, { weight: 1, arbitrary: special });
  return fc.array(line, { maxLength: MOST_LINES, size: 'medium' }).map(upToLimit);
}

/** Lines as long as a gateway takes. */
function upToLimit(all: readonly Line[]): Line[] {
  let bytes = 0;
  return all.filter(([name, { length }]) => (bytes += name.length + length) < MOST_LINE_BYTES);
}

const trailers = fc.array(plainLine('Digest', 'Host', 'Content-Type', 'ETag'), { maxLength: 3 });

const cuts: fc.Arbitrary<Cut[]> = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 999 }), rest: fc.constantFrom('none', 'turn', 'moment') }),
  { maxLength: 5 },
);

const smallPiece = fc.string({ unit: octet(0, 0xff), maxLength: 60, size: 'max' });
/** Beyond a stream's first window, and beyond what a socket takes at once. */
const largePiece = fc
  .tuple(
    fc.string({ unit: octet(0, 0xff), minLength: 1, maxLength: 9 }),
    fc.integer({ min: 1_000, max: 12_000 }),
  )
  .map(([pattern, times]) => pattern.repeat(times));
const pieces = fc.oneof(
  { weight: 6, arbitrary: fc.array(smallPiece, { maxLength: 6 }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(smallPiece, largePiece), { maxLength: 6 }) },
);

function body<Framing extends string>(...framings: [Framing, ...Framing[]]): fc.Arbitrary<Body<Framing>> {
  const framingLine = fc.record({
    at: fc.nat(MOST_LINES),
    isCapital: fc.boolean(),
    zeros: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(3)),
  });
  return fc.record({ framing: fc.constantFrom(...framings), framingLine, pieces, trailers });
}

const path = fc.string({ unit: octetOf(TARGET), maxLength: 60, size: 'max' }).map((rest) => `/${rest}`);
const target = fc.oneof(
  { weight: 12, arbitrary: path },
  { weight: 1, arbitrary: path.map((rest) => `http://${HOST}${rest}`) },
  { weight: 1, arbitrary: fc.constantFrom(`HTTP://${HOST}`, `http://${HOST}?query`, '*') },
);

const requestLine = plainLine(
  ...['Accept', 'Accept-Encoding', 'Authorization', 'Cache-Control', 'Content-Disposition', 'Content-Type'],
  ...['Cookie', 'Date', 'If-None-Match', 'Origin', 'Range', 'Referer', 'Server', 'Trailer', 'User-Agent'],
  ...['Max-Forwards', 'Pragma', 'Content-Encoding', 'Proxy-Authorization'],
);
const specialRequestLine = fc.oneof<fc.Arbitrary<Line>[]>(
  connectionLine('close', 'keep-alive', 'TE', 'Cookie', 'Authorization', 'Accept'),
  fc.tuple(named('TE'), fc.constantFrom('trailers', 'Trailers;q=0.5, gzip', 'gzip, trailers', '', 'deflate')),
  fc.tuple(named('Keep-Alive', 'Proxy-Connection', 'Upgrade'), value),
  fc.tuple(named('X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'Forwarded'), value),
  fc.tuple(named('Via'), fc.constantFrom('1.0 fred', '1.1 p.example.net (x), HTTP/2 b')),
);
const hostLine: fc.Arbitrary<Line> = fc.tuple(
  named('Host'),
  fc.constantFrom(HOST, HOST, HOST.toUpperCase(), `${HOST}.`, `${HOST}:8080`),
);

const request: fc.Arbitrary<Request> = fc
  .record({
    method: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...METHODS) }, fc.constantFrom(...RARE_METHODS)),
    target,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    host: hostLine,
    hostAt: fc.nat(MOST_LINES),
    lines: lines(requestLine, specialRequestLine),
    body: body('none', 'length', 'chunked'),
    expectation: fc.oneof(
      { weight: 120, arbitrary: fc.constant(null) },
      { weight: 20, arbitrary: fc.constantFrom('invited', 'invited', 'answered instead') },
      // Each takes a second: so long a gateway waits for the origin to invite.
      { weight: 1, arbitrary: fc.constant('ignored') },
    ),
    cuts,
  })
  .map(({ host, hostAt, ...rest }) => ({
    ...rest,
    // An absolute-form target names the same host as the Host line (RFC 9112 §3.2.2).
    lines: rest.lines.toSpliced(hostAt, 0, rest.target.startsWith('/') ? host : [host[0], HOST]),
  }));

const answerLine = plainLine(
  ...[
    'Set-Cookie',
    'Content-Type',
    'Content-Disposition',
    'Content-Encoding',
    'Date',
    'Server',
    'ETag',
    'Via',
  ],
  ...['Location', 'Link', 'Vary', 'WWW-Authenticate', 'Cache-Control', 'Trailer', 'Age', 'Alt-Svc', 'Expect'],
);
const specialAnswerLine = fc.oneof<fc.Arbitrary<Line>[]>(
  connectionLine('close', 'keep-alive', 'Upgrade', 'Set-Cookie'),
  fc.tuple(named('Keep-Alive'), fc.constantFrom('timeout=60', 'timeout=5, max=100')),
  fc.tuple(named('Proxy-Connection', 'Upgrade'), value),
);

const reason = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('OK', '', 'Not Found', "I'm a teapot") },
  { weight: 1, arbitrary: text(20) },
);

const interim = fc.record({
  status: fc.constantFrom(...INTERIM_STATUSES),
  reason: fc.constantFrom('Early Hints', 'Wait', ''),
  lines: lines(plainLine('Link', 'Via'), connectionLine('Link')),
});

const answer: fc.Arbitrary<Answer> = fc.record({
  status: fc.oneof(fc.constantFrom(...STATUSES), fc.integer({ min: 200, max: 599 })),
  reason,
  version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
  lines: lines(answerLine, specialAnswerLine),
  interims: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(interim, { maxLength: 3 }) },
  ),
  body: body('length', 'chunked', 'close'),
  cuts,
  begins: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, fc.integer({ min: 0, max: 999 })),
  isHeld: fc.boolean(),
});

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  fc.record({
    kind: fc.constant('origin dies' as const),
    during: fc.constantFrom('head', 'body', 'body'),
    at: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999 })),
    by: fc.constantFrom('fin', 'reset'),
    isPatient: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('visitor leaves' as const),
    during: fc.constantFrom('upload', 'waiting', 'answer'),
    at: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999 })),
    by: fc.constantFrom('close', 'half-close', 'reset'),
  }),
);

export const exchanges: fc.Arbitrary<Exchange> = fc
  .record({
    request,
    answer,
    mishap: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: mishap }),
    sequel: fc.constantFrom('never', 'behind the answer', 'behind the request'),
  })
  .map(lawful);
