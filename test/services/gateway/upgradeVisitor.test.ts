// A visitor who switches protocols: raw bytes both ways, by the bytes on the wire.

import { afterEach, describe, expect, it } from 'vitest';
import { valuesIn } from '../../support/rawClient.ts';
import { openEdge, type PublicEdge } from '../../support/publicEdge.ts';
import type { ListenerOptions } from '../../../services/gateway/listener.ts';

let edge: PublicEdge;
afterEach(async () => {
  await edge.close();
});

const SWITCH = {
  status: 101,
  reason: 'Switching',
  headers: ['Upgrade', 'raw', 'Sec-X', '\xe9', 'sec-x', '2'],
};

async function start(first = '', options: Partial<ListenerOptions> = {}) {
  edge = await openEdge(() => {}, options);
  const client = await edge.connect();
  client.send(
    `GET /up HTTP/1.1\r\nHost: a.localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: raw\r\n\r\n${first}`,
  );
  const relayed = await edge.request();
  return { client, relayed, visitor: relayed.visitor };
}

async function startRaw(options: Partial<ListenerOptions> = {}) {
  const started = await start('', options);
  started.visitor.resume();
  started.visitor.writeHead(SWITCH, true);
  await started.client.head();
  return started;
}

describe('an upgrade', () => {
  it('passes with its Upgrade line, and its 101 line by line', async () => {
    const { client, relayed, visitor } = await start();
    expect(relayed.request).toMatchObject({ isUpgrade: true, hasBody: false, target: '/up' });
    expect(relayed.request.headers.slice(0, 4)).toEqual(['Host', 'a.localhost', 'Upgrade', 'raw']);
    visitor.inform({ status: 103, reason: '', headers: ['Link', '</a>'] });
    expect(await client.head()).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a>');
    visitor.writeHead({ ...SWITCH, headers: [...SWITCH.headers, 'X-Octoporty-Error', 'fake'] }, true);
    expect(await client.head()).toBe(
      'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: raw\r\nSec-X: \xe9\r\nsec-x: 2',
    );
  });

  it('names the protocol in its 101 even when the origin forgot it', async () => {
    const { client, visitor } = await start();
    visitor.writeHead({ status: 101, reason: '', headers: [] }, true);
    expect(await client.head()).toBe('HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: raw');
  });

  it('delivers the bytes right behind the request first', async () => {
    const { client, relayed, visitor } = await start('first ');
    expect(relayed.chunks).toEqual([]);
    visitor.resume();
    visitor.writeHead(SWITCH, true);
    await client.head();
    client.send('second');
    await relayed.until(() => relayed.body.length >= 12);
    expect(relayed.body).toBe('first second');
    visitor.write(Buffer.from('\0\xff', 'latin1'));
    expect(await client.exactly(2)).toBe('\0\xff');
  });

  it("keeps the visitor's half-close, and still answers", async () => {
    const { client, relayed, visitor } = await startRaw();
    client.send('data').halfClose();
    await relayed.ended();
    expect([relayed.body, relayed.trailers, relayed.closes]).toEqual(['data', [], 0]);
    visitor.write(Buffer.from('after'));
    visitor.end([]);
    expect(await client.rest()).toEqual({ bytes: 'after', ending: 'fin' });
    await relayed.closed();
    expect(relayed.closes).toBe(1);
  });

  it("keeps the origin's half-close, and still listens", async () => {
    const { client, relayed, visitor } = await startRaw();
    visitor.write(Buffer.from('bye'));
    visitor.end([]);
    expect(await client.rest()).toEqual({ bytes: 'bye', ending: 'fin' });
    client.send('still here').halfClose();
    await relayed.closed();
    expect([relayed.body, relayed.trailers]).toEqual(['still here', []]);
  });

  it('on which nobody speaks outlives the time of an unfinished head', async () => {
    const { client, relayed, visitor } = await startRaw({ headLimitMs: 80 });
    for (let n = 0; n < 3; n += 1) {
      const slow = await edge.connect();
      expect((await slow.send('GET / HTTP/1.1\r\n').rest()).bytes).toContain(' 408 ');
    }
    client.send('up');
    await relayed.until(() => relayed.body === 'up');
    visitor.write(Buffer.from('down'));
    expect(await client.exactly(4)).toBe('down');
  });

  it('that is cut ends in a reset', async () => {
    const { client, relayed, visitor } = await startRaw();
    visitor.destroy();
    expect((await client.rest()).ending).toBe('reset');
    await relayed.closed();
    expect(relayed.closes).toBe(1);
  });

  it('whose visitor resets is heard of once, and not as an end', async () => {
    const { client, relayed } = await startRaw();
    client.reset();
    await relayed.closed();
    expect([relayed.closes, relayed.trailers]).toEqual([1, null]);
  });

  it('holds the writer back when the visitor does not read', async () => {
    const { client, relayed, visitor } = await startRaw();
    client.pause();
    let written = 1;
    while (visitor.write(Buffer.alloc(1_000_000))) {
      written += 1;
      await new Promise(setImmediate);
    }
    client.resume();
    await relayed.until(() => relayed.drains > 0);
    visitor.end([]);
    expect((await client.rest()).bytes).toHaveLength(written * 1_000_000);
  });

  it('holds the visitor back when the relay pauses', async () => {
    const { client, relayed, visitor } = await startRaw();
    client.send('a');
    await relayed.until(() => relayed.body === 'a');
    visitor.pause();
    client.send(Buffer.alloc(5_000_000));
    const other = await edge.connect();
    other.send('GET / HTTP/1.1\r\nHost: a.localhost\r\n\r\n');
    (await edge.request(1)).reply('meanwhile');
    await other.answer();
    expect(relayed.body.length).toBeLessThan(200_000);
    visitor.resume();
    await relayed.until(() => relayed.body.length === 5_000_001);
  });

  it('may last while the listener closes, until the time to drain is over', async () => {
    const { client, relayed, visitor } = await startRaw();
    const closed = edge.listener.close(5_000);
    visitor.write(Buffer.from('x'));
    expect(await client.exactly(1)).toBe('x');
    visitor.end([]);
    client.halfClose();
    await relayed.closed();
    await closed;
  });
});

describe('an upgrade that is refused', () => {
  it.each([
    ['with a length', ['X-Why', 'policy', 'Content-Length', '3'], 'X-Why: policy\r\nContent-Length: 3'],
    ['chunked', ['X-Why', 'policy'], 'X-Why: policy'],
  ])('is an ordinary answer, %s, and the end of the connection', async (_, headers, lines) => {
    const { client, relayed, visitor } = await start('unheard');
    visitor.resume();
    visitor.writeHead({ status: 403, reason: 'No', headers }, true);
    visitor.write(Buffer.from('no!'));
    visitor.end([]);
    const answer = await client.answer();
    expect([answer.status, answer.body, valuesIn(answer, 'Connection')]).toEqual([403, 'no!', ['close']]);
    expect(answer.head).toContain(lines);
    await relayed.closed();
    expect((await client.rest()).ending).toBe('fin');
    expect(relayed.closes).toBe(1);
  });

  it('by an error has its page', async () => {
    const { client, relayed, visitor } = await start();
    visitor.fail('tunnel_offline');
    const answer = await client.answer();
    expect([answer.status, valuesIn(answer, 'X-Octoporty-Error')]).toEqual([503, ['tunnel_offline']]);
    await relayed.closed();
  });

  it('by a 101 that is no HTTP cannot be said, and leaves room for an answer that can', async () => {
    const { client, visitor } = await start();
    expect(visitor.writeHead({ status: 101, reason: '', headers: ['X', 'a\r\nY: b'] }, true)).toBe(false);
    visitor.fail('origin_invalid');
    expect((await client.answer()).status).toBe(502);
  });

  it.each([false, true])(
    'by a visitor who leaves while waiting is noticed, relay reading: %s',
    async (isReading) => {
      const { client, relayed, visitor } = await start();
      if (isReading) visitor.resume();
      client.halfClose();
      await relayed.closed();
      expect([relayed.closes, relayed.trailers]).toEqual([1, null]);
    },
  );

  it('in mid answer is cut visibly', async () => {
    const { client, relayed, visitor } = await start();
    visitor.writeHead({ status: 200, reason: '', headers: [] }, true);
    visitor.write(Buffer.from('hi'));
    await client.head();
    visitor.destroy();
    await relayed.closed();
    expect((await client.rest()).bytes).not.toContain('0\r\n\r\n');
  });

  it('with a large answer that is not read waits for the reader', async () => {
    const { client, relayed, visitor } = await start();
    client.pause();
    visitor.writeHead({ status: 200, reason: '', headers: [] }, true);
    let written = 1;
    while (visitor.write(Buffer.alloc(1_000_000))) {
      written += 1;
      await new Promise(setImmediate);
    }
    client.resume();
    await relayed.until(() => relayed.drains > 0);
    visitor.end([]);
    expect((await client.answer()).body).toHaveLength(written * 1_000_000);
  });
});
