// Which header lines stop at a hop and which pass.

import { describe, expect, it } from 'vitest';
import {
  endToEndHeaders,
  keepHeaders,
  membersOf,
  passingTrailers,
  valuesOf,
} from '../../protocol/headers.ts';

const pass = (headers: string[], keepUpgrade = false) => endToEndHeaders(headers, { keepUpgrade });

describe('header lines', () => {
  const headers = ['Vary', 'a, B', 'x', '1', 'VARY', ' ,c ,', 'vary', ''];

  it('are found by name in any case, in order', () => {
    expect(valuesOf(headers, 'vary')).toEqual(['a, B', ' ,c ,', '']);
    expect(valuesOf(headers, 'none')).toEqual([]);
    expect(valuesOf(['vary'], 'vary')).toEqual(['']);
    expect(valuesOf(['x', 'vary', 'y', '1'], 'vary')).toEqual([]);
  });

  it('have members over all their lines, trimmed, lower-cased, without empty ones', () => {
    expect(membersOf(headers, 'vary')).toEqual(['a', 'b', 'c']);
  });

  it('are kept by name and value, as they are', () => {
    expect(
      keepHeaders(['A', '1', 'b', '2', 'C', '3'], (name, value) => name === 'a' || value === '3'),
    ).toEqual(['A', '1', 'C', '3']);
    expect(keepHeaders([], () => true)).toEqual([]);
    expect(keepHeaders(['A'], () => true)).toEqual(['A', '']);
  });
});

describe('what travels on', () => {
  it('keeps order, case, duplicates and obs-text of everything else', () => {
    const headers = [
      'Set-Cookie',
      'a=1',
      'X-B',
      '\u00e9',
      'set-cookie',
      'b=2',
      'Trailer',
      'X-Sum',
      'Content-Length',
      '5',
    ];
    expect(pass(headers)).toEqual(headers);
  });

  it.each(['Connection', 'Keep-Alive', 'Proxy-Connection', 'TE', 'Transfer-Encoding', 'Upgrade', 'upgrade'])(
    'is never %s',
    (name) => {
      expect(pass([name, 'x', 'Host', 'h'])).toEqual(['Host', 'h']);
    },
  );

  it('is nothing that Connection nominates, in several lines and any case', () => {
    expect(
      pass([
        'connection',
        'X-One, x-two',
        'x-ONE',
        '1',
        'CONNECTION',
        'x-Three',
        'X-Two',
        '2',
        'x-three',
        '3',
        'X-Four',
        '4',
      ]),
    ).toEqual(['X-Four', '4']);
  });

  it.each(['Content-Length', 'Host', 'Via', 'Forwarded', 'Cache-Control', 'Authorization', 'Cookie'])(
    'is %s even when Connection nominates it',
    (name) => {
      expect(pass(['Connection', `close, ${name.toLowerCase()}`, name, 'v'])).toEqual([name, 'v']);
    },
  );

  it('is no line of our own', () => {
    expect(pass(['X-Octoporty-Hop', '1', 'x-octoporty-', '2', 'X-Octopus', '3'])).toEqual(['X-Octopus', '3']);
  });

  it('is Upgrade for an upgrade alone, nominated or not', () => {
    const headers = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];
    expect(pass(headers, true)).toEqual(['Upgrade', 'websocket']);
    expect(pass(headers, false)).toEqual([]);
  });

  it('is TE as trailers alone, once, when it was among its members', () => {
    expect(pass(['Connection', 'TE', 'te', 'gzip, Trailers', 'TE', 'trailers', 'A', '1'])).toEqual([
      'A',
      '1',
      'TE',
      'trailers',
    ]);
    expect(pass(['TE', 'gzip'])).toEqual([]);
  });
});

describe('trailers', () => {
  it.each([
    'Connection',
    'Keep-Alive',
    'TE',
    'Transfer-Encoding',
    'Upgrade',
    'Content-Length',
    'Host',
    'Trailer',
    'Content-Encoding',
    'Content-Type',
    'Content-Range',
    'Via',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X_Forwarded_Host',
    'Authorization',
    'Proxy-Authorization',
    'WWW-Authenticate',
    'Proxy-Authenticate',
    'Cookie',
    'Set-Cookie',
    'Expect',
    'Max-Forwards',
    'Range',
    'X-Octoporty-Request-Id',
  ])('never carry %s', (name) => {
    expect(passingTrailers([name, 'x', 'X-Sum', '9'])).toEqual(['X-Sum', '9']);
  });

  it('keep their order, case and duplicates', () => {
    const trailers = ['grpc-status', '0', 'X-Sum', '9', 'x-sum', '8'];
    expect(passingTrailers(trailers)).toEqual(trailers);
  });
});
