// What an origin answers, as it is told to the handler.

import { describe, expect, it } from 'vitest';
import { MAX_HEAD_BYTES } from '../../../protocol/limits.ts';
import type { OriginRequest } from '../../../services/agent/originDispatcher.ts';
import { chunk, CHUNKED_HEAD, LAST_CHUNK, message, startAsking, type Asked } from './asking.ts';

/** Asks once and answers with these bytes; with `ends`, closes behind them. */
async function answered(bytes: string, request: Partial<OriginRequest> = {}, ends = false): Promise<Asked> {
  const { origin, ask } = await startAsking();
  const asked = ask(request);
  const peer = await origin.accept();
  await peer.head();
  peer.send(bytes);
  if (ends) peer.end();
  return asked.over();
}

describe('a final head', () => {
  it('keeps its lines in order, case and number, and its obs-text', async () => {
    const lines = [
      'X-B: 1',
      'x-a:2',
      'X-B:  3 ',
      'Set-Cookie: a=1',
      'set-cookie: b',
      'E:',
      'O: \xc3\xa9 \xff',
    ];
    const asked = await answered(message('ok', lines, '200 Tr\xe8s bien, merci!'));
    expect(asked.answer).toEqual({
      status: 200,
      reason: 'Tr\xe8s bien, merci!',
      headers: [
        ...['X-B', '1', 'x-a', '2', 'X-B', '3', 'Set-Cookie', 'a=1', 'set-cookie', 'b', 'E', ''],
        ...['O', '\xc3\xa9 \xff', 'Content-Length', '2'],
      ],
    });
    expect([asked.hasBody, asked.body, asked.trailers]).toEqual([true, 'ok', []]);
    expect(asked.calls).toEqual(['connected', 'head', 'data', 'end']);
    expect(asked.rushed).toEqual([]);
  });

  it('loses what is meant for this hop', async () => {
    const lines = ['Connection: X-Hop', 'X-Hop: 1', 'Keep-Alive: timeout=7', 'Upgrade: h2c', 'TE: trailers'];
    const asked = await answered(message('', [...lines, 'X-Octoporty-Error: x', 'Trailer: X']));
    expect(asked.answer?.headers).toEqual(['Trailer', 'X', 'Content-Length', '0']);
  });

  it.each([200, 299, 404, 599, 600, 999])('may have status %d', async (status) => {
    const asked = await answered(message('x', [], `${status} Odd`));
    expect([asked.answer?.status, asked.body]).toEqual([status, 'x']);
  });

  it('may lack its reason', async () => {
    expect((await answered('HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n')).answer?.reason).toBe('');
  });

  it('has all of 3,000 small lines', async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => `N${n}: ${n}`);
    expect((await answered(message('', lines))).answer?.headers).toHaveLength(6002);
  });

  it.each([
    ['of 8 MB', Array.from({ length: 1000 }, () => `X-Huge: ${'v'.repeat(8000)}`)],
    ['of more lines than fit a frame', Array.from({ length: MAX_HEAD_BYTES / 5 }, () => 'a:')],
    ['with a control character', ['X: \x01']],
    ['with a folded line', ['X: 1', ' 2']],
    ['with an unknown transfer coding', ['Transfer-Encoding: gzip']],
    ['with a coding below chunked', ['Transfer-Encoding: gzip, chunked']],
  ])('%s is origin_invalid', async (_, lines) => {
    const asked = await answered(['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n'), {}, true);
    expect(asked.failure).toMatchObject({ code: 'origin_invalid', isStale: false });
    expect(asked.answer).toBeUndefined();
  });

  it.each([
    ['that is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['with a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
    [
      'with a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['with status 101 that switches to nothing', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['with a 101 that nobody asked for', 'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['with status 42', 'HTTP/1.1 042 Odd\r\n\r\n'],
  ])('%s is origin_invalid', async (_, bytes) => {
    expect((await answered(bytes)).failure?.code).toBe('origin_invalid');
  });
});

describe('an interim head', () => {
  it('is told at once, each with its lines, before the final one', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    const peer = await origin.accept();
    peer.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\nConnection: x\r\n\r\n');
    await asked.until(({ informs }) => informs.length === 1);
    peer.send(`HTTP/1.1 102 P\r\n\r\n${message('final')}`);
    await asked.over();
    expect(asked.informs).toEqual([
      { status: 103, reason: 'Early Hints', headers: ['Link', '</a>', 'link', '</b>'] },
      { status: 102, reason: 'P', headers: [] },
    ]);
    expect([asked.answer?.status, asked.body]).toEqual([200, 'final']);
  });

  it('of 100 that nobody asked for is nothing', async () => {
    const asked = await answered(`HTTP/1.1 100 Continue\r\n\r\n${message('final')}`);
    expect(asked.calls).toEqual(['connected', 'head', 'data', 'end']);
  });
});

describe('an answer without a body', () => {
  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n', ['Content-Length', '12345']],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', []],
    ['GET', 'HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n', ['X', '1']],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n', ['Content-Length', '7']],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ['Content-Length', '0']],
  ])('to %s, %j, ends with its head and leaves the connection usable', async (method, bytes, headers) => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method });
    const peer = await origin.accept();
    await peer.head();
    asked.pause();
    peer.send(bytes);
    await asked.over();
    expect([asked.hasBody, asked.answer?.headers, asked.trailers]).toEqual([false, headers, []]);
    const next = ask();
    await peer.head();
    peer.send(message('next'));
    expect((await next.over()).body).toBe('next');
    expect(origin.peers).toHaveLength(1);
  });

  it('to HEAD without any framing ends with its head', async () => {
    const asked = await answered('HTTP/1.1 200 OK\r\n\r\n', { method: 'HEAD' });
    expect([asked.hasBody, asked.trailers]).toEqual([false, []]);
  });

  it.each(['Content-Length: 5', 'Transfer-Encoding: chunked'])(
    'of 204 that announces one (%s) ends all the same, with its connection',
    async (line) => {
      const { origin, ask } = await startAsking();
      const asked = ask();
      const peer = await origin.accept();
      peer.send(`HTTP/1.1 204 No Content\r\n${line}\r\n\r\n`);
      await asked.over();
      expect([asked.hasBody, asked.failure]).toEqual([false, undefined]);
      await peer.left();
    },
  );
});

describe('a body', () => {
  it('in chunks is told without them, and with its trailers', async () => {
    const asked = await answered(
      `${CHUNKED_HEAD}5;a=b\r\nhello\r\n${chunk('\x00\xff')}0\r\nX-Sum: 42\r\nx-sum: \xe9\r\nContent-Type: x\r\n\r\n`,
    );
    expect([asked.body, asked.trailers]).toEqual(['hello\x00\xff', ['X-Sum', '42', 'x-sum', '\xe9']]);
  });

  it.each([
    ['of HTTP/1.1', 'HTTP/1.1 200 OK\r\n\r\nall of it'],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nall of it'],
    ['with the identity coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nall of it'],
  ])('%s without a length ends with the connection', async (_, bytes) => {
    const asked = await answered(bytes, {}, true);
    expect([asked.hasBody, asked.body, asked.trailers]).toEqual([true, 'all of it', []]);
  });

  it('without a length may be empty', async () => {
    const asked = await answered('HTTP/1.1 200 OK\r\n\r\n', {}, true);
    expect([asked.body, asked.trailers]).toEqual(['', []]);
  });

  it('is told piece by piece, and its head before the first', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    const peer = await origin.accept();
    peer.send(CHUNKED_HEAD);
    await asked.until(({ answer }) => answer !== undefined);
    peer.send(chunk('1'));
    await asked.until(({ body }) => body === '1');
    peer.send(chunk('2'));
    await asked.until(({ body }) => body === '12');
    peer.send(LAST_CHUNK);
    await asked.over();
  });

  it('of 8 MB arrives whole, and a pause holds the origin back', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${8 << 20}\r\n\r\n`);
    await asked.until(({ answer }) => answer !== undefined);
    asked.pause();
    peer.send(Buffer.alloc(8 << 20, 'y'));
    // A round trip on another connection: whatever could arrive has.
    const other = ask();
    const otherPeer = await origin.accept();
    otherPeer.send(message('other'));
    await other.over();
    expect(asked.body.length).toBeLessThan(256 * 1024);
    asked.resume();
    await asked.over();
    await peer.taken();
    expect(asked.body).toBe('y'.repeat(8 << 20));
  });

  it('may be paused before its head is there', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    asked.pause();
    const peer = await origin.accept();
    peer.send(message('later'));
    await asked.until(({ answer }) => answer !== undefined);
    const other = ask();
    (await origin.accept()).send(message('other'));
    await other.over();
    expect(asked.body).toBe('');
    asked.resume();
    expect((await asked.over()).body).toBe('later');
  });
});

describe('bytes behind an answer', () => {
  it.each([
    ['a second answer', message('poison')],
    ['garbage', 'garbage\r\n\r\n'],
  ])('(%s) spoil neither it nor the next', async (_, surplus) => {
    const { origin, ask } = await startAsking({
      behave: async (peer) => {
        while (true) {
          const head = await peer.head();
          peer.send(message(head.slice(4, 6)) + surplus);
        }
      },
    });
    for (const path of ['/1', '/2', '/3']) {
      const asked = await ask({ path }).over();
      expect([asked.body, asked.failure]).toEqual([path, undefined]);
    }
    expect(origin.peers).toHaveLength(3);
  });

  it('to HEAD spoil neither it nor the next', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'HEAD' });
    const peer = await origin.accept();
    peer.send(message('a body that must not be there'));
    expect((await asked.over()).failure).toBeUndefined();
    const next = ask();
    (await origin.accept()).send(message('next'));
    expect((await next.over()).body).toBe('next');
  });

  it('that come while the connection is idle end it', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    const peer = await origin.accept();
    peer.send(message('first'));
    await asked.over();
    peer.send(message('poison'));
    await peer.left();
    const next = ask();
    (await origin.accept()).send(message('next'));
    expect((await next.over()).body).toBe('next');
  });
});
