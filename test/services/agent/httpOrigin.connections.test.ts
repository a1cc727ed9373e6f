// Owns the tests of what becomes of connections to origins: kept, stale, fresh, and closed with the dispatcher.

import { describe, expect, it } from 'vitest';
import { SELF_SIGNED } from '../../support/certificates.ts';
import { message, overTls, startAsking } from './asking.ts';

describe('a connection that is kept', () => {
  it('serves one request after another, each told that it is connected', async () => {
    const { origin, ask } = await startAsking();
    const first = ask();
    const peer = await origin.accept();
    for (const asked of [first, undefined, undefined]) {
      const now = asked ?? ask({ path: '/next' });
      await peer.head();
      peer.send(message('ok'));
      await now.over();
      expect(now.calls).toEqual(['connected', 'head', 'data', 'end']);
      expect(now.rushed).toEqual([]);
    }
    expect(origin.peers).toHaveLength(1);
  });

  it.each([
    ['closed', {}, false],
    ['reset', {}, true],
    ['closed over TLS', overTls(SELF_SIGNED), false],
    ['reset over TLS', overTls(SELF_SIGNED), true],
  ])('and %s instead of answering: the request may never have been seen', async (_, options, isByReset) => {
    const { origin, ask } = await startAsking(options);
    const first = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send(message('ok'));
    await first.over();
    const second = ask();
    await peer.head();
    if (isByReset) peer.reset();
    else peer.end();
    await second.over();
    expect(second.failure).toMatchObject({ code: 'origin_reset', isStale: true });
  });

  it('and broken off in mid head was seen: that is no stale connection', async () => {
    const { origin, ask } = await startAsking();
    const first = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send(message('ok'));
    await first.over();
    const second = ask();
    await peer.head();
    peer.send('HTTP/1.1 2');
    peer.end();
    await second.over();
    expect(second.failure).toMatchObject({ code: 'origin_reset', isStale: false });
  });

  it('is not taken by a request that wants a fresh one, which announces to close its own', async () => {
    const { origin, ask } = await startAsking();
    const first = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send(message('ok'));
    await first.over();
    const second = ask({ isFreshConnection: true, headers: [] });
    const other = await origin.accept();
    expect(await other.head()).toBe('GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
    other.send(message('fresh'));
    await second.over();
    await other.left();
    expect(peer.hasLeft).toBe(false);
  });

  it('is not shared between names that were verified differently', async () => {
    const { origin, ask } = await startAsking(overTls(SELF_SIGNED));
    for (const target of [{}, { serverName: 'other.test' }, { serverName: '192.0.2.1' }]) {
      const asked = ask({}, target);
      const peer = await origin.accept();
      peer.send(message('ok'));
      await asked.over();
    }
    const strict = await ask({}, { allowInvalidCertificates: false }).over();
    expect(strict.failure?.code).toBe('origin_tls');
    expect(origin.peers).toHaveLength(4);
  });

  it.each(['Connection: close', 'Keep-Alive: timeout=1'])(
    'is left when the origin says so: %s',
    async (line) => {
      const { origin, ask } = await startAsking();
      const asked = ask();
      const peer = await origin.accept();
      peer.send(message('last', [line]));
      await asked.over();
      await peer.left();
    },
  );
});

describe('a dispatcher that is closed', () => {
  it('has no connection left, idle or busy, fails what runs and refuses what comes', async () => {
    const { origin, origins, ask } = await startAsking();
    const idle = ask();
    const first = await origin.accept();
    await first.head();
    first.send(message('ok'));
    await idle.over();
    const fresh = ask({ isFreshConnection: true });
    const second = await origin.accept();
    const busy = ask();
    await first.head();
    await second.head();
    origins.close();
    await Promise.all([first.left(), second.left()]);
    expect([(await busy.over()).failure?.code, (await fresh.over()).failure?.code]).toEqual([
      'origin_reset',
      'origin_reset',
    ]);
    expect((await ask().over()).failure?.code).toBe('origin_unreachable');
  });
});
