// Owns the tests of what a visitor is answered by HTTP/1: the answer, and what comes before it.

import { describe, expect, it } from 'vitest';
import { valuesIn } from '../../support/rawClient.ts';
import { GET, ok, again, start } from './httpVisitorStage.ts';

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
