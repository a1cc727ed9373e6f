// Owns the tests of what a visitor sends by HTTP/1: the body, and what asks for leave to send it.

import { describe, expect, it } from 'vitest';
import { valuesIn } from '../../support/rawClient.ts';
import type { Relayed } from '../../support/publicEdge.ts';
import { GET, POST_FIVE, ok, again, start } from './httpVisitorStage.ts';

const POST_CHUNKED = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked';

describe('an upload', () => {
  it('starts paused, then arrives whole with its trailers', async () => {
    const { client, relayed, visitor } = await start(
      POST_CHUNKED,
      '2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 42\r\nHost: evil\r\n\r\n',
    );
    expect(relayed.request).toMatchObject({ hasBody: true, expectsContinue: false });
    expect(relayed.chunks).toEqual([]);
    visitor.resume();
    await relayed.ended();
    expect(relayed.body).toBe('hello');
    expect(relayed.trailers).toEqual(['X-Sum', '42']);
    relayed.reply('done');
    expect(valuesIn(await client.answer(), 'Connection')).toEqual([]);
  });

  it('that is paused is held back in the visitor’s own socket', async () => {
    const { client, relayed, visitor, edge } = await start('POST / HTTP/1.1\r\nContent-Length: 50000000');
    let taken = 0;
    const piece = Buffer.alloc(1_000_000);
    for (let n = 0; n < 50; n += 1) client.send(piece);
    visitor.resume();
    await relayed.until(() => relayed.chunks.length > 0);
    visitor.pause();
    taken = relayed.body.length;
    const other = await edge.connect();
    other.send(again);
    (await edge.request(1)).reply('meanwhile');
    await other.answer();
    expect(relayed.body.length - taken).toBeLessThan(1_000_000);
    visitor.resume();
    await relayed.ended();
    expect(relayed.body).toHaveLength(50_000_000);
  });

  it('behind Expect: 100-continue waits for the invitation', async () => {
    const { client, relayed, visitor } = await start(`${POST_FIVE}\r\nExpect: 100-Continue`);
    expect(relayed.request.expectsContinue).toBe(true);
    expect(relayed.request.headers).not.toContain('Expect');
    expect(client.bytes).toBe('');
    visitor.resume();
    visitor.invite();
    expect(await client.head()).toBe('HTTP/1.1 100 Continue');
    client.send('hello');
    await relayed.ended();
    relayed.reply('thanks');
    expect((await client.answer()).body).toBe('thanks');
  });

  it('that is refused instead of invited ends the connection', async () => {
    const { client, relayed } = await start(`${POST_FIVE}\r\nExpect: 100-continue`);
    relayed.reply('no', [], 417, 'No');
    expect(await client.rest()).toMatchObject({ ending: 'fin' });
    expect(client.bytes).toContain('Connection: close\r\n\r\nno');
  });

  it.each([
    ['an unknown expectation', `${POST_FIVE}\r\nExpect: miracles`],
    ['an expectation in HTTP/1.0', `${POST_FIVE.replace('1.1', '1.0')}\r\nExpect: 100-continue`],
    ['an expectation without a body', `${GET}\r\nExpect: 100-continue`],
  ])('with %s is served as if there were none', async (_, head) => {
    const { relayed } = await start(head, head.startsWith('POST') ? 'hello' : '');
    expect(relayed.request.expectsContinue).toBe(false);
    expect(relayed.request.headers).not.toContain('Expect');
  });

  it('that is answered early hears the whole answer, whatever it still sends', async () => {
    const { client, relayed } = await start('POST / HTTP/1.1\r\nContent-Length: 20000000');
    relayed.reply('too much', [], 413, 'No');
    for (let n = 0; n < 20; n += 1) client.send(Buffer.alloc(1_000_000));
    const { bytes, ending } = await client.rest();
    expect(bytes).toBe('HTTP/1.1 413 No\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much');
    expect(ending).toBe('fin');
    expect(relayed.closes).toBe(1);
  });

  it('goes on while its answer has begun, both ways by turns', async () => {
    const { client, relayed, visitor } = await start(POST_CHUNKED);
    visitor.resume();
    visitor.writeHead(ok(), true);
    await client.head();
    for (const letter of 'abc') {
      client.send(`1\r\n${letter}\r\n`);
      await relayed.until(() => relayed.body.endsWith(letter));
      visitor.write(Buffer.from(letter));
      expect(await client.exactly(6)).toBe(`1\r\n${letter}\r\n`);
    }
    client.send('0\r\n\r\n');
    await relayed.ended();
    visitor.end([]);
    expect(await client.rest()).toEqual({ bytes: '0\r\n\r\n', ending: 'fin' });
  });

  it('whose chunks break off into garbage behind a begun answer is cut', async () => {
    const { client, relayed, visitor } = await start(POST_CHUNKED);
    visitor.resume();
    visitor.writeHead(ok(), true);
    await client.head();
    client.send('zz\r\n');
    expect((await client.rest()).bytes).toBe('');
    await relayed.closed();
    expect([relayed.closes, relayed.trailers]).toEqual([1, null]);
  });
});

describe('an upgrade that is ignored', () => {
  it.each([
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x', ''],
    ['with a body', 'Connection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 5', 'hello'],
  ])('%s is an ordinary request without Upgrade, the last on its connection', async (_, lines, body) => {
    const { client, relayed, visitor } = await start(`POST / HTTP/1.1\r\n${lines}`, body);
    expect(relayed.request).toMatchObject({ isUpgrade: false, hasBody: body !== '' });
    expect(relayed.request.headers.map((each) => each.toLowerCase())).not.toContain('upgrade');
    visitor.resume();
    if (body !== '') await relayed.ended();
    expect(relayed.body).toBe(body);
    relayed.reply('plain');
    expect(valuesIn(await client.answer(), 'Connection')).toEqual(['close']);
  });

  it('behind an unfinished exchange waits its turn', async () => {
    const upgrade = 'GET /up HTTP/1.1\r\nHost: a.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';
    const { client, relayed, edge } = await start(GET, upgrade);
    relayed.reply('first');
    const second: Relayed = await edge.request(1);
    expect(second.request).toMatchObject({ isUpgrade: false, target: '/up' });
    second.reply('second');
    expect([(await client.answer()).body, (await client.answer()).body]).toEqual(['first', 'second']);
  });
});
