// Owns the tests of how origins fail: those that cannot be asked, may not be, or break off.

import { describe, expect, it } from 'vitest';
import { closedPort } from '../../support/rawOrigin.ts';
import { chunk, CHUNKED_HEAD, message, startAsking } from './asking.ts';

describe('an origin that cannot be asked', () => {
  it('refuses: origin_refused', async () => {
    const { ask } = await startAsking();
    const asked = await ask({}, { port: await closedPort() }).over();
    expect(asked.failure).toMatchObject({ code: 'origin_refused', isStale: false });
    expect([asked.calls, asked.rushed]).toEqual([['failed'], []]);
  });

  it('refuses on every address of its name: origin_refused', async () => {
    const { ask } = await startAsking();
    const asked = await ask({}, { host: 'localhost', port: await closedPort() }).over();
    expect(asked.failure?.code).toBe('origin_refused');
  });

  it('has a name that does not exist: origin_dns', async () => {
    const { ask } = await startAsking();
    expect((await ask({}, { host: 'no-such-origin.invalid' }).over()).failure?.code).toBe('origin_dns');
  });

  it('is reached by its name and by a bracketed address', async () => {
    const { origin, ask } = await startAsking({ behave: (peer) => peer.send(message('here')) });
    expect((await ask({}, { host: 'localhost' }).over()).body).toBe('here');
    expect((await ask({}, { host: '[::ffff:127.0.0.1]' }).over()).body).toBe('here');
    expect(origin.peers).toHaveLength(2);
  });
});

describe('an address that is forbidden', () => {
  it.each(['169.254.169.254', 'fe80::1', '[fd00:ec2::254]', '::ffff:169.254.1.1'])(
    '(%s) is origin_forbidden, before a connection is made',
    async (host) => {
      const { ask } = await startAsking();
      const asked = await ask({}, { host }).over();
      expect(asked.failure?.code).toBe('origin_forbidden');
      expect(asked.rushed).toEqual([]);
    },
  );

  it("is the agent's own port on this machine, by address or by name", async () => {
    const { origin, origins, ask } = await startAsking();
    expect(origin.port).toBeGreaterThan(0);
    const guarded = await startAsking({ ownPorts: [origin.port] });
    for (const host of ['127.0.0.1', 'localhost', '0.0.0.0', '::1']) {
      const asked = await guarded.ask({}, { host, port: origin.port }).over();
      expect([host, asked.failure?.code]).toEqual([host, 'origin_forbidden']);
    }
    ask();
    await origin.accept();
    origins.close();
  });
});

describe('an origin that breaks off', () => {
  it.each([
    ['closes before its head', '', false],
    ['resets before its head', '', true],
    ['closes in mid head', 'HTTP/1.1 200 OK\r\nContent-Le', false],
    ['closes in mid body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', false],
    ['resets in mid body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', true],
    ['closes between chunks', CHUNKED_HEAD + chunk('half'), false],
    ['closes in mid chunk', `${CHUNKED_HEAD}ffff\r\nhalf`, false],
    ['resets in mid chunk', `${CHUNKED_HEAD}ffff\r\nhalf`, true],
    ['closes in mid trailers', `${CHUNKED_HEAD}${chunk('half')}0\r\nX: 1\r\n`, false],
    ['resets a body without a length', 'HTTP/1.1 200 OK\r\n\r\nhalf', true],
  ])('%s: origin_reset, and the answer never looks whole', async (_, bytes, isByReset) => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send(bytes);
    await peer.taken();
    if (bytes.includes('half')) await asked.until(({ body }) => body === 'half');
    if (isByReset) peer.reset();
    else peer.end();
    await asked.over();
    expect(asked.failure).toMatchObject({ code: 'origin_reset', isStale: false });
    expect(asked.trailers).toBeUndefined();
    expect(asked.calls.at(-1)).toBe('failed');
  });

  it('with an invalid chunk size: origin_invalid', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    (await origin.accept()).send(`${CHUNKED_HEAD}${chunk('half')}zz\r\nyy\r\n0\r\n\r\n`);
    await asked.over();
    expect([asked.failure?.code, asked.trailers]).toEqual(['origin_invalid', undefined]);
  });

  it('while its answer waits to be read: the answer fails or is whole, by what had come', async () => {
    const { origin, ask } = await startAsking();
    const [whole, half] = [ask(), ask()];
    whole.pause();
    half.pause();
    const peers = [await origin.accept(), await origin.accept()];
    for (const peer of peers) {
      const isWhole = peer === peers[0];
      await peer.head();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${isWhole ? 4 : 9}\r\n\r\nhalf`);
      await peer.taken();
    }
    await Promise.all([whole, half].map((asked) => asked.until(({ answer }) => answer !== undefined)));
    for (const peer of peers) peer.reset();
    for (const asked of [whole, half]) asked.resume();
    expect((await whole.over()).body).toBe('half');
    expect((await half.over()).failure?.code).toBe('origin_reset');
  });
});
