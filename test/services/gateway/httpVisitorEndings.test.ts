// Owns the tests of a visit by HTTP/1 that goes wrong: the visitor leaves, reads late, is cut off or is failed.

import { describe, expect, it, onTestFinished } from 'vitest';
import { valuesIn } from '../../support/rawClient.ts';
import { openEdge } from '../../support/publicEdge.ts';
import { GET, POST_FIVE, ok, again, start } from './httpVisitorStage.ts';

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
