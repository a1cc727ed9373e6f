// What an origin receives: the bytes of the request, and the connections they come on.

import { describe, expect, it } from 'vitest';
import { chunk, LAST_CHUNK, message, startAsking } from './asking.ts';

const CHUNKED_413 = 'HTTP/1.1 413 Large\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('the head an origin receives', () => {
  it('has the given lines in order, case and number, and one Connection line', async () => {
    const { origin, ask } = await startAsking();
    ask({ headers: ['X-B', '1', 'host', 'a', 'x-a', '', 'X-B', '2', 'ACCEPT', '*/*'] });
    const peer = await origin.accept();
    expect(await peer.head()).toBe(
      'GET / HTTP/1.1\r\nX-B: 1\r\nhost: a\r\nx-a: \r\nX-B: 2\r\nACCEPT: */*\r\nConnection: keep-alive\r\n\r\n',
    );
  });

  it.each(['/a%2fb', '//d//s//', '/a/../b', '/?', '/?f[a]=1&g={2}|3^`"<>\\', '/\xe9\xff', '*'])(
    'names the target %s byte for byte',
    async (path) => {
      const { origin, ask } = await startAsking();
      ask({ method: 'OPTIONS', path });
      expect(await (await origin.accept()).through('\r\n')).toBe(`OPTIONS ${path} HTTP/1.1\r\n`);
    },
  );

  it.each(['POST', 'PURGE', 'OCTO-CUSTOM', 'DELETE', 'HEAD'])(
    'of %s without a body has no framing',
    async (method) => {
      const { origin, ask } = await startAsking();
      ask({ method, headers: [] });
      expect(await (await origin.accept()).head()).toBe(
        `${method} / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n`,
      );
    },
  );

  it.each([
    ['without a body', {}],
    ['with a body', { method: 'POST', hasBody: true }],
    ['that waits for 100', { method: 'POST', hasBody: true, expectsContinue: true }],
    ['with a length', { method: 'POST', hasBody: true, headers: ['Content-Length', '2', 'X', '\xe9\xff'] }],
  ])('keeps obs-text as single bytes, in a request %s', async (_, request) => {
    const { origin, ask } = await startAsking();
    ask({ path: '/\xe9', headers: ['X', '\xe9\xff'], ...request });
    const head = await (await origin.accept()).head();
    expect(head).toContain(' /\xe9 HTTP');
    expect(head).toContain('\r\nX: \xe9\xff\r\n');
  });

  it('keeps obs-text in Content-Disposition, which Node would read as UTF-8 behind a length', async () => {
    const { origin, ask } = await startAsking();
    const value = 'attachment; filename="\xc3\xa9\xff"';
    ask({
      method: 'POST',
      hasBody: true,
      headers: ['Content-Length', '2', 'Content-Disposition', value, 'X', '1'],
    });
    expect(await (await origin.accept()).head()).toBe(
      `POST / HTTP/1.1\r\nContent-Disposition: ${value}\r\nX: 1\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n`,
    );
  });

  it('nominates TE', async () => {
    const { origin, ask } = await startAsking();
    ask({ headers: ['TE', 'trailers'] });
    expect(await (await origin.accept()).head()).toContain('TE: trailers\r\nConnection: keep-alive, TE\r\n');
  });

  it('announces trailers only of a chunked body: elsewhere there can be none', async () => {
    const { origin, ask } = await startAsking();
    ask({ headers: ['Trailer', 'X-Sum'] });
    expect(await (await origin.accept()).head()).not.toContain('Trailer');
    ask({ method: 'POST', hasBody: true, headers: ['Trailer', 'X-Sum'] });
    expect(await (await origin.accept()).head()).toContain('Trailer: X-Sum\r\n');
  });

  it('goes out before any byte of the body is there', async () => {
    const { origin, ask } = await startAsking();
    ask({ method: 'POST', hasBody: true, headers: [] });
    expect(await (await origin.accept()).head()).toBe(
      'POST / HTTP/1.1\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
  });

  it.each([
    ['a line break in a value', { headers: ['X', 'a\r\nb'] }],
    ['a space in a name', { headers: ['X Y', 'a'] }],
    ['a space in the target', { path: '/a b' }],
    ['a method in small letters', { method: 'get' }],
    ['CONNECT', { method: 'CONNECT' }],
  ])('is refused as bad_request when it has %s', async (_, request) => {
    const { origin, ask } = await startAsking();
    const asked = await ask(request).over();
    expect(asked.failure).toMatchObject({ code: 'bad_request', isStale: false });
    expect([asked.rushed, origin.peers]).toEqual([[], []]);
  });
});

describe('the body an origin receives', () => {
  it('has the given length, unchanged', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'PUT', hasBody: true, headers: ['Content-Length', '6'] });
    asked.write('abc');
    asked.write('\x00\xff\n');
    asked.end();
    const peer = await origin.accept();
    expect(await peer.head()).toBe('PUT / HTTP/1.1\r\nContent-Length: 6\r\nConnection: keep-alive\r\n\r\n');
    expect(await peer.bytes(6)).toBe('abc\x00\xff\n');
  });

  it('is chunked without a length, even of a GET, and ends with its trailers', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ hasBody: true, headers: ['TE', 'trailers', 'Trailer', 'X-Sum'] });
    asked.write('hello');
    asked.end(['X-Sum', '1', 'x-sum', '\xe9', 'Content-Length', '7']);
    const peer = await origin.accept();
    await peer.head();
    expect(await peer.through('\r\n\r\n')).toBe('5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: \xe9\r\n\r\n');
  });

  it('arrives as it is written, byte by byte', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: ['Content-Length', '2'] });
    const peer = await origin.accept();
    await peer.head();
    asked.write('1');
    expect(await peer.bytes(1)).toBe('1');
    asked.write('2');
    expect(await peer.bytes(1)).toBe('2');
  });

  it('waits for a slow origin: write says false, and drain tells when to go on', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    const peer = await origin.accept();
    await peer.head();
    peer.pause();
    const piece = Buffer.alloc(256 * 1024, 'x');
    let written = 0;
    while (asked.write(piece)) written += 1;
    peer.resume();
    await asked.until(({ drains }) => drains > 0);
    asked.end();
    await peer.through(LAST_CHUNK);
    expect(written).toBeLessThan(100);
    expect(asked.rushed).toEqual([]);
  });

  it('is asked for by the 100 of an origin that is told of the expectation', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({
      method: 'POST',
      hasBody: true,
      expectsContinue: true,
      headers: ['Content-Length', '2'],
    });
    const peer = await origin.accept();
    expect(await peer.head()).toContain('\r\nExpect: 100-continue\r\n');
    peer.send('HTTP/1.1 100 Continue\r\n\r\n');
    await asked.until(({ calls }) => calls.includes('continue'));
    asked.write('ok');
    asked.end();
    expect(await peer.bytes(2)).toBe('ok');
    peer.send(message('done'));
    expect((await asked.over()).body).toBe('done');
    expect(asked.calls).toEqual(['connected', 'continue', 'head', 'data', 'end']);
  });

  it('is told of once when the visitor said Expect himself', async () => {
    const { origin, ask } = await startAsking();
    ask({ method: 'POST', hasBody: true, expectsContinue: true, headers: ['expect', '100-Continue'] });
    expect((await (await origin.accept()).head()).match(/expect/gi)).toEqual(['expect']);
  });

  it('with trailers that cannot be sent fails, and does not throw', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    await origin.accept();
    asked.end(['X', 'a\r\nb']);
    expect((await asked.over()).failure?.code).toBe('bad_request');
  });
});

describe('an answer that comes before the body has ended', () => {
  it('is complete, and its connection is not used again', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: ['Content-Length', '100'] });
    asked.write('x');
    const peer = await origin.accept();
    await peer.head();
    peer.send(message('too much', [], '413 Large'));
    expect((await asked.over()).body).toBe('too much');
    await peer.left();
    ask();
    await (await origin.accept()).head();
    expect(origin.peers).toHaveLength(2);
  });

  it.each([
    ['with a length', message('too much', ['Connection: close'], '413 Large')],
    ['in chunks', `${CHUNKED_413}${chunk('too much')}${LAST_CHUNK}`],
  ])('is whole although the origin resets at once, %s', async (_, answer) => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    const peer = await origin.accept();
    await peer.head();
    peer.send(answer);
    peer.reset();
    // The reset is in our kernel by now, with the answer unread before it: this write meets it first.
    for (let n = 0; n < 5; n += 1) asked.write('more');
    expect((await asked.over()).body).toBe('too much');
    expect(asked.failure).toBeUndefined();
  });

  it('is whole although it is read only later', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    const peer = await origin.accept();
    await peer.head();
    asked.pause();
    peer.send(message('too much'));
    await asked.until(({ answer }) => answer !== undefined);
    peer.reset();
    for (let n = 0; n < 5; n += 1) asked.write('more');
    asked.resume();
    expect((await asked.over()).body).toBe('too much');
  });

  it('fails when the reset came in mid answer', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    const peer = await origin.accept();
    await peer.head();
    peer.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    peer.reset();
    asked.write('more');
    expect((await asked.over()).failure?.code).toBe('origin_reset');
  });

  it('fails when only the end of the connection would have ended it', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    const peer = await origin.accept();
    await peer.head();
    peer.send('HTTP/1.1 200 OK\r\n\r\nhalf');
    peer.reset();
    asked.write('more');
    expect((await asked.over()).failure?.code).toBe('origin_reset');
  });
});
