// Owns the tests of what the listener refuses, by the bytes on the wire.

import { describe, expect, it } from 'vitest';
import { exchangeRaw, RawClient } from '../../support/rawClient.ts';
import { SeededRandom } from '../../simulation/seededRandom.ts';
import { CHUNKED, SMUGGLED, get, openReplying, openStaged, post } from './listenerStage.ts';

const HOSTILE: Readonly<Record<string, string>> = {
  'CL then TE': post('0\r\n\r\n' + SMUGGLED, 'Content-Length: 5', CHUNKED),
  'TE then CL': post('0\r\n\r\n' + SMUGGLED, CHUNKED, 'Content-Length: 5'),
  'two differing CL': post('hello!', 'Content-Length: 5', 'Content-Length: 6'),
  'CL list': post('hello!', 'Content-Length: 5, 6'),
  'CL +5': post('hello', 'Content-Length: +5'),
  'CL 0x5': post('hello', 'Content-Length: 0x5'),
  'CL -1': post('hello', 'Content-Length: -1'),
  'CL with a space before the colon': post('hello', 'Content-Length : 5'),
  'TE identity': post('hello', 'Transfer-Encoding: identity', 'Content-Length: 5'),
  'TE gzip, chunked': post('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked'),
  'TE cow': post('0\r\n\r\n', 'Transfer-Encoding: cow'),
  'TE twice': post('0\r\n\r\n', CHUNKED, CHUNKED),
  'TE quoted': post('0\r\n\r\n', 'Transfer-Encoding: "chunked"'),
  'TE with a parameter': post('0\r\n\r\n', 'Transfer-Encoding: chunked;q=1'),
  'TE empty': post('hello', 'Transfer-Encoding:', 'Content-Length: 5'),
  'TE with a tab before the colon': post('0\r\n\r\n', 'Transfer-Encoding\t: chunked'),
  'TE in an obs-fold': post('0\r\n\r\n', 'Transfer-Encoding:\r\n chunked'),
  'TE behind a bare CR': post('hello', 'X-A: b\rTransfer-Encoding: chunked', 'Content-Length: 5'),
  'TE behind a bare LF': post('hello', 'X-A: b\nTransfer-Encoding: chunked', 'Content-Length: 5'),
  'TE in HTTP/1.0': post('0\r\n\r\n' + SMUGGLED, CHUNKED).replace('HTTP/1.1', 'HTTP/1.0'),
  'a bare LF as the last line end': get().slice(0, -2) + '\n',
  'an obs-fold': get('X-A: b', ' c'),
  'a space inside a name': get('X A: b'),
  'an empty name': get(': b'),
  'a NUL in a value': get('X-A: \0'),
  'two Hosts': get('Host: a.localhost'),
  'two differing Hosts': get('Host: b.localhost'),
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'no Host in HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  'junk in Host': 'GET / HTTP/1.1\r\nHost: a.localhost, b\r\n\r\n',
  'a path in Host': 'GET / HTTP/1.1\r\nHost: a.localhost/x\r\n\r\n',
  'an empty Host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
  'absolute-form with another host': get().replace('GET /', 'GET http://b.test/'),
  'a fragment': get().replace('GET /', 'GET /a#b'),
  'a raw Latin-1 byte in the target': get().replace('GET /', 'GET /\xe9'),
  'a space in the target': get().replace('GET /', 'GET /a b'),
  'two spaces before the target': get().replace('GET /', 'GET  /'),
  'two spaces behind the target': get().replace('GET /', 'GET / '),
  'two spaces before the target of an upgrade': get('Connection: Upgrade', 'Upgrade: chat').replace(
    'GET /',
    'GET  /',
  ),
  'an authority as target': get().replace('GET /', 'GET a.localhost:80'),
  'an asterisk for GET': get().replace('GET /', 'GET *'),
  CONNECT: get().replace('GET /', 'CONNECT a.localhost:80'),
  'HTTP/2.0': get().replace('HTTP/1.1', 'HTTP/2.0'),
  'HTTP/0.9': get().replace('HTTP/1.1', 'HTTP/0.9'),
  'an unknown method': get().replace('GET', 'OCTO'),
};

describe('a hostile request', () => {
  it.each(Object.keys(HOSTILE))('with %s gets 400 and a closed connection', async (title) => {
    const { port, relayed } = await openReplying();
    const { bytes, ending } = await exchangeRaw(port, HOSTILE[title] ?? '');
    expect(bytes).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(bytes.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(bytes).toContain('\r\nX-Octoporty-Error: bad_request\r\n');
    expect(bytes).toContain('\r\nConnection: close\r\n');
    expect(ending).toBe('fin');
    expect(relayed).toHaveLength(0);
  });

  it('with too large a head gets 431', async () => {
    const { port, relayed } = await openReplying();
    const { bytes } = await exchangeRaw(port, get(...Array.from({ length: 60_000 }, () => 'X-Many: v')));
    expect(bytes).toMatch(/^HTTP\/1\.1 431 [^]*X-Octoporty-Error: head_too_large\r\n/);
    expect(relayed).toHaveLength(0);
  });

  it('as an HTTP/2 preface is cut', async () => {
    const { port } = await openReplying();
    expect((await exchangeRaw(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).bytes).not.toMatch(/ 2\d\d /);
  });

  it.each(
    ['xyz', '0x5', '-5', '+5', '', '5\nhello', '5\r\nhello\nX', `5;${'a'.repeat(300_000)}`].map((size) => [
      size.slice(0, 20),
      size,
    ]),
  )('with the chunk size %j is refused, and its relay told', async (_, size) => {
    const edge = await openStaged((relayed) => relayed.visitor.resume());
    const { bytes } = await exchangeRaw(edge.port, post(`${size}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`, CHUNKED));
    expect(bytes).toMatch(/^HTTP\/1\.1 400 /);
    expect(edge.relayed).toHaveLength(1);
    const relayed = await edge.request();
    await relayed.closed();
    expect(relayed.trailers).toBeNull();
    expect(relayed.closes).toBe(1);
  });

  it('made of random bytes never ends the process', async () => {
    const edge = await openReplying({ headLimitMs: 60_000 });
    const random = new SeededRandom(7);
    const pieces = [
      'GET / HTTP/1.1\r\n',
      'Host: a.localhost\r\n',
      'Content-Length: 3\r\n',
      `${CHUNKED}\r\n`,
      '\r\n',
      '5\r\n',
    ];
    for (let batch = 0; batch < 50; batch += 1) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(edge.port)));
      for (const client of clients) {
        const bytes = Buffer.from(random.bytes(random.between(1, 60)));
        const known = pieces.filter(() => random.fraction() < 0.5).join('');
        client.send(known + bytes.toString('latin1')).halfClose();
      }
      await Promise.all(clients.map((client) => client.rest()));
    }
    const client = await edge.connect();
    expect((await client.send(get()).answer()).body).toBe('relayed');
  });
});
