// Owns the tests of what a visitor hears by HTTP/1: the answer, what comes before it, and how it ends.

import { describe, expect, it, onTestFinished } from 'vitest';
import { valuesIn } from '../../support/rawClient.ts';
import { openEdge } from '../../support/publicEdge.ts';
import { GET, POST_FIVE, ok, again, start } from './httpVisitorStage.ts';

describe('an answer', () => {
  it('leaves byte for byte: reason, order, case, duplicates and obs-text, and nothing is added', async () => {
    const { client, relayed } = await start(GET);
    const lines = [
      'X-Bravo',
      '1',
      'x-alpha',
      '\xe9 \xff',
      'Set-Cookie',
      'a',
      'X-Bravo',
      '',
      'Set-Cookie',
      'b',
    ];
    relayed.reply('hi', lines, 299, 'Tr\xe8s bien');
    await client.answer();
    expect(client.bytes).toBe(
      'HTTP/1.1 299 Tr\xe8s bien\r\nX-Bravo: 1\r\nx-alpha: \xe9 \xff\r\nSet-Cookie: a\r\nX-Bravo: \r\nSet-Cookie: b\r\n' +
        'Content-Length: 2\r\n\r\nhi',
    );
  });

  it.each([
    ['before', ['Content-Disposition', 'f="\xc3\xa9\xff"', 'Content-Length', '2']],
    ['behind', ['Content-Length', '2', 'content-disposition', 'f="\xc3\xa9\xff"']],
  ])('keeps raw bytes in Content-Disposition %s Content-Length', async (_, headers) => {
    const { client, visitor } = await start(GET);
    visitor.writeHead(ok(...headers), true);
    visitor.write(Buffer.from('hi'));
    visitor.end([]);
    const answer = await client.answer();
    expect(answer.head).toMatch(/content-disposition: f="\xc3\xa9\xff"/i);
  });

  it('keeps raw bytes beside an Expect line, with which Node sends a head on its own', async () => {
    const { client, relayed } = await start(GET);
    relayed.reply('', ['Expect', '', 'X-A', '\xe9']);
    expect((await client.answer()).head).toContain('\r\nX-A: \xe9\r\n');
  });

  it('loses what belongs to the hop before, and what is ours alone', async () => {
    const { client, relayed } = await start(GET);
    relayed.reply('', [
      'Connection',
      'X-Hop',
      'X-Hop',
      '1',
      'Keep-Alive',
      'timeout=9',
      'x-octoporty-error',
      'fake',
    ]);
    expect((await client.answer()).headers).toEqual([['Content-Length', '0']]);
  });

  it('is never framed twice', async () => {
    const { client, visitor } = await start(GET);
    visitor.writeHead(ok('Transfer-Encoding', 'chunked', 'Content-Length', '2', 'Trailer', 'X'), true);
    visitor.write(Buffer.from('hi'));
    visitor.end(['X-Sum', '1']);
    await client.answer();
    expect(client.bytes).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
  });

  it('without a length is chunked, with its trailers in order', async () => {
    const { client, visitor } = await start(GET);
    visitor.writeHead(ok('Trailer', 'X-Sum'), true);
    visitor.write(Buffer.from('hi'));
    visitor.end(['X-Sum', '4', 'x-sum', '2', 'Content-Length', '9', 'X-Octoporty-Error', 'fake']);
    await client.answer();
    expect(client.bytes).toBe(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 4\r\nx-sum: 2\r\n\r\n',
    );
  });

  it('leaves at once: the head before any body, each piece before the next', async () => {
    const { client, visitor } = await start(GET);
    visitor.writeHead(ok('Content-Type', 'text/event-stream'), true);
    expect(await client.head()).toContain('200 OK');
    visitor.write(Buffer.from('a'));
    expect(await client.exactly(6)).toBe('1\r\na\r\n');
    visitor.write(Buffer.from('b'));
    expect(await client.exactly(6)).toBe('1\r\nb\r\n');
    visitor.end([]);
  });

  it.each([
    ['HEAD / HTTP/1.1', 200],
    [GET, 204],
    [GET, 304],
  ])('to %s with %d has its Content-Length and no body, and the connection goes on', async (head, status) => {
    const { client, visitor, edge } = await start(head);
    visitor.writeHead({ status, reason: '', headers: ['Content-Length', '12345'] }, false);
    visitor.end([]);
    expect(await client.head()).toBe(`HTTP/1.1 ${status} \r\nContent-Length: 12345`);
    client.send(again);
    (await edge.request(1)).reply('next');
    expect((await client.answer()).body).toBe('next');
  });

  it('to HEAD gets no framing of ours', async () => {
    const { client, visitor } = await start('HEAD / HTTP/1.1');
    visitor.writeHead(ok('X-A', '1'), false);
    visitor.end([]);
    expect(await client.head()).toBe('HTTP/1.1 200 OK\r\nX-A: 1');
  });

  it('without body and length to GET is told apart from one that goes on', async () => {
    const { client, visitor } = await start(GET);
    visitor.writeHead(ok(), false);
    visitor.end([]);
    expect(await client.answer()).toMatchObject({ status: 200, body: '' });
  });

  it('to HTTP/1.0 ends with the connection when it has no length', async () => {
    const { client, visitor } = await start('GET / HTTP/1.0\r\nTE: chunked');
    visitor.writeHead(ok('X-A', '1'), true);
    visitor.write(Buffer.from('hi'));
    visitor.end([]);
    expect(await client.rest()).toEqual({
      bytes: 'HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: close\r\n\r\nhi',
      ending: 'fin',
    });
  });

  it('to HTTP/1.0 keeps the connection when that was asked for and the length is known', async () => {
    const { client, relayed, edge } = await start('GET / HTTP/1.0\r\nConnection: keep-alive');
    relayed.reply('hi');
    expect(valuesIn(await client.answer(), 'Connection')).toEqual(['keep-alive']);
    client.send(again);
    await edge.request(1);
  });

  it('to HTTP/1.0 ends the connection when that was asked for, beside a keep-alive too', async () => {
    const { client, relayed } = await start('GET / HTTP/1.0\r\nConnection: keep-alive, Close');
    relayed.reply('hi');
    expect(valuesIn(await client.answer(), 'Connection')).toEqual(['close']);
    expect((await client.rest()).ending).toBe('fin');
  });

  it('shorter or longer than its length is broken off', async () => {
    const { client, visitor, relayed, edge } = await start(GET);
    visitor.writeHead(ok('Content-Length', '5'), true);
    visitor.write(Buffer.from('hi'));
    await client.head();
    visitor.end([]);
    await relayed.closed();
    const other = await edge.connect();
    other.send(again);
    const second = await edge.request(1);
    second.visitor.writeHead(ok('Content-Length', '1'), true);
    second.visitor.write(Buffer.from('HTTP/1.1 200 Smuggled'));
    await second.closed();
    await other.rest();
    expect(other.bytes).not.toContain('Smuggled');
  });

  it.each([
    ['a line break in a value', ok('X-A', 'a\r\nX-B: b')],
    ['a bad name', ok('X A', 'a')],
    ['two lengths', ok('Content-Length', '1', 'Content-Length', '2')],
    ['a bad reason', { status: 200, reason: 'a\r\nX: 1', headers: [] }],
    ['a 101 that nobody asked for', { status: 101, reason: '', headers: [] }],
  ])('with %s cannot be said, and leaves room for one that can', async (_, head) => {
    const { client, visitor } = await start(GET);
    expect(visitor.writeHead(head, true)).toBe(false);
    visitor.fail('origin_invalid');
    const answer = await client.answer();
    expect([answer.status, valuesIn(answer, 'X-Octoporty-Error')]).toEqual([502, ['origin_invalid']]);
  });

  it('is over when its last byte is out, and says so once', async () => {
    const { client, relayed, visitor, edge } = await start(GET);
    relayed.reply('hi');
    await relayed.closed();
    visitor.destroy();
    visitor.fail('internal');
    expect((await client.answer()).body).toBe('hi');
    client.send(again);
    (await edge.request(1)).reply('still here');
    expect((await client.answer()).body).toBe('still here');
    expect(relayed.closes).toBe(1);
  });
});

describe('interim answers', () => {
  it('pass in order with every line, before the final head is there', async () => {
    const { client, relayed, visitor } = await start(GET);
    visitor.inform({
      status: 103,
      reason: '',
      headers: ['Link', '</a>', 'Link', '</b>', 'x-octoporty-x', '1'],
    });
    expect(await client.head()).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>');
    visitor.inform({ status: 199, reason: '', headers: ['X-A', '\xff'] });
    expect(await client.head()).toBe('HTTP/1.1 199 unknown\r\nX-A: \xff');
    visitor.inform({ status: 103, reason: '', headers: ['X\r\n', 'bad'] });
    visitor.inform({ status: 100, reason: '', headers: [] });
    relayed.reply('final');
    expect((await client.answer()).body).toBe('final');
  });

  it('do not reach HTTP/1.0', async () => {
    const { client, relayed, visitor } = await start('GET / HTTP/1.0');
    visitor.inform({ status: 103, reason: '', headers: [] });
    relayed.reply('final');
    expect(await client.head()).toContain('200 OK');
  });
});

describe('a visitor', () => {
  it.each([
    ['closes', 'while waiting', GET, false],
    ['resets', 'while waiting', GET, true],
    ['half-closes', 'while waiting', GET, null],
    ['closes', 'in mid upload', `${POST_FIVE}00`, false],
    ['resets', 'in mid upload', `${POST_FIVE}00`, true],
    ['half-closes', 'in mid upload', `${POST_FIVE}00`, null],
  ] as const)('who %s %s is heard of once', async (_how, _when, head, isReset) => {
    const { client, relayed, visitor } = await start(head, head === GET ? '' : 'hello');
    visitor.resume();
    if (isReset === null) client.halfClose();
    else if (isReset) client.reset();
    else client.close();
    await relayed.closed();
    relayed.reply('too late');
    expect([relayed.closes, relayed.trailers]).toEqual([1, null]);
  });

  it('who does not read stops the writer, and starts it again by reading', async () => {
    const { client, relayed, visitor } = await start(GET);
    client.pause();
    visitor.writeHead(ok(), true);
    const piece = Buffer.alloc(256 * 1024, 'x');
    let written = 0;
    while (visitor.write(piece)) {
      written += 1;
      await new Promise(setImmediate);
      expect(written).toBeLessThan(200);
    }
    expect(relayed.drains).toBe(0);
    client.resume();
    await relayed.until(() => relayed.drains > 0);
    visitor.end([]);
    expect((await client.answer()).body).toHaveLength((written + 1) * piece.length);
    expect(relayed.closes).toBe(1);
  });

  it('who never reads and leaves is heard of once', async () => {
    const { client, relayed, visitor } = await start(GET);
    client.pause();
    visitor.writeHead(ok(), true);
    while (visitor.write(Buffer.alloc(1_000_000))) await new Promise(setImmediate);
    client.reset();
    await relayed.closed();
    expect(relayed.closes).toBe(1);
  });

  it.each([
    ['Content-Length', GET, ['Content-Length', '100'], 'hi'],
    ['chunked', GET, [], '2\r\nhi\r\n'],
  ])('whose answer is cut sees it: %s', async (_, head, headers, seen) => {
    const { client, relayed, visitor } = await start(head);
    visitor.writeHead(ok(...headers), true);
    visitor.write(Buffer.from('hi'));
    await client.head();
    expect(await client.exactly(seen.length)).toBe(seen);
    visitor.destroy();
    expect((await client.rest()).bytes).toBe('');
    await relayed.closed();
    expect(relayed.closes).toBe(1);
  });

  it('whose answer is cut at once still sees how it began', async () => {
    const { client, visitor } = await start(GET);
    visitor.writeHead(ok('X-A', '1'), true);
    visitor.write(Buffer.from('hi'));
    visitor.destroy();
    const { bytes } = await client.rest();
    expect(bytes).toBe('HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n');
  });

  it('whose answer is cut sees it: to the end of the connection, by a reset', async () => {
    const { client, visitor } = await start('GET / HTTP/1.0');
    visitor.writeHead(ok(), true);
    visitor.write(Buffer.from('hi'));
    await client.head();
    await client.exactly(2);
    visitor.destroy();
    expect((await client.rest()).ending).toBe('reset');
  });

  it('who is failed gets the page by Accept, and the connection goes on', async () => {
    const { client, visitor, edge } = await start(`${GET}\r\nAccept: text/html\r\nX-Request-Id: mine`);
    visitor.fail('origin_refused');
    visitor.fail('internal');
    visitor.writeHead(ok(), true);
    const answer = await client.answer();
    expect([answer.status, valuesIn(answer, 'X-Octoporty-Error')]).toEqual([502, ['origin_refused']]);
    expect(valuesIn(answer, 'Content-Type')).toEqual(['text/html; charset=utf-8']);
    expect(valuesIn(answer, 'X-Request-Id')).toEqual([visitor.request.requestId]);
    expect(answer.body).toContain(visitor.request.requestId);
    client.send(again);
    (await edge.request(1)).reply('next');
    expect((await client.answer()).body).toBe('next');
  });

  it.each(['1.1', '1.0'])('of HTTP/%s who hears 503 is told when to come again', async (version) => {
    const { client, visitor } = await start(`GET / HTTP/${version}`);
    visitor.fail('tunnel_offline');
    const head = await client.head();
    expect(head).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(head.match(/^Retry-After: .*$/gm)).toEqual(['Retry-After: 5']);
  });

  it.each(['text/html', 'application/problem+json', 'text/plain'])(
    'who is failed reads nothing of what was sent, in %s',
    async (type) => {
      const sent = 'reflected-marker';
      const lines = `Accept: ${type}, x/${sent}\r\nX-Request-Id: ${sent}\r\nCookie: ${sent}\r\n${sent}: ${sent}`;
      const { client, visitor } = await start(`GET /${sent}?${sent} HTTP/1.1\r\n${lines}`);
      visitor.fail('origin_refused');
      const answer = await client.answer();
      expect(valuesIn(answer, 'Content-Type').join()).toContain(type);
      expect(client.bytes.toLowerCase()).not.toContain(sent);
      expect(client.bytes).not.toContain('a.localhost');
    },
  );

  it('who is failed by HEAD gets no body', async () => {
    const { client, visitor, relayed, edge } = await start('HEAD / HTTP/1.1');
    visitor.fail('origin_refused');
    await relayed.closed();
    client.send(again);
    (await edge.request(1)).reply('next');
    expect(await client.head()).toContain('502');
    expect((await client.answer()).body).toBe('next');
  });

  it('of a relay that throws is told so', async () => {
    const edge = await openEdge(() => {
      throw new Error('A bug.');
    });
    onTestFinished(() => edge.close());
    const client = await edge.connect();
    const answer = await client.send(again).answer();
    expect([answer.status, valuesIn(answer, 'X-Octoporty-Error')]).toEqual([500, ['internal']]);
    expect(client.bytes).not.toContain('A bug');
  });
});
