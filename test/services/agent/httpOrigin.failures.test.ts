// How origins fail, and what becomes of their connections.

import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { closedPort } from '../../support/rawOrigin.ts';
import { AUTHORITY, EXPIRED, ORIGIN_KEY, SELF_SIGNED, TRUSTED } from '../../support/certificates.ts';
import { chunk, CHUNKED_HEAD, message, startAsking } from './asking.ts';

const tls = (cert: string) => ({ tls: { key: ORIGIN_KEY, cert } });

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
    ['closed over TLS', tls(SELF_SIGNED), false],
    ['reset over TLS', tls(SELF_SIGNED), true],
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
    const { origin, ask } = await startAsking(tls(SELF_SIGNED));
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

describe('a certificate', () => {
  const defaults = getCACertificates('default');
  afterEach(() => setDefaultCACertificates(defaults));
  const strict = { allowInvalidCertificates: false };

  it('of a trusted authority for the name that was asked for is fine', async () => {
    setDefaultCACertificates([AUTHORITY]);
    const { ask } = await startAsking({ ...tls(TRUSTED), behave: (peer) => peer.send(message('safe')) });
    expect((await ask({}, strict).over()).body).toBe('safe');
    expect((await ask({}, { ...strict, serverName: '127.0.0.1' }).over()).body).toBe('safe');
  });

  it('that was good for one address does not serve another over the kept connection', async () => {
    setDefaultCACertificates([AUTHORITY]);
    const { ask } = await startAsking({ ...tls(TRUSTED), behave: (peer) => peer.send(message('safe')) });
    expect((await ask({}, { ...strict, serverName: '127.0.0.1' }).over()).body).toBe('safe');
    const other = await ask({}, { ...strict, serverName: '192.0.2.1' }).over();
    expect(other.failure?.code).toBe('origin_tls');
  });

  it.each([
    ['for another name', TRUSTED, { serverName: 'elsewhere.test' }, 'for another name'],
    ['for another address', TRUSTED, { serverName: '192.0.2.1' }, 'for another name'],
    ['that has expired', EXPIRED, {}, 'has expired'],
    ['that is self-signed', SELF_SIGNED, {}, 'self-signed'],
  ])('%s is origin_tls, and says why', async (_, cert, target, why) => {
    setDefaultCACertificates([AUTHORITY]);
    const { ask } = await startAsking(tls(cert));
    const asked = await ask({}, { ...strict, ...target }).over();
    expect(asked.failure?.code).toBe('origin_tls');
    expect(asked.failure?.detail).toContain(why);
    expect(asked.calls).toEqual(['failed']);
  });

  it('of an unknown authority is origin_tls', async () => {
    const { ask } = await startAsking(tls(TRUSTED));
    const asked = await ask({}, strict).over();
    expect(asked.failure).toMatchObject({ code: 'origin_tls' });
    expect(asked.failure?.detail).toContain('authority');
  });

  it.each([EXPIRED, SELF_SIGNED])('of any kind is fine where the mapping says so', async (cert) => {
    const { ask } = await startAsking({ ...tls(cert), behave: (peer) => peer.send(message('ok')) });
    expect((await ask({}, { serverName: 'whatever.test' }).over()).body).toBe('ok');
  });

  it.each([
    ['a name', 'inner.test', true],
    ['an address, which nobody names there (RFC 6066 §3)', '192.0.2.1', false],
  ])('is asked for by %s: the first bytes to the origin show it', async (_, serverName, isNamed) => {
    const { origin, ask } = await startAsking();
    const asked = ask({}, { protocol: 'https', serverName });
    const peer = await origin.accept();
    const hello = await peer.bytes(150);
    expect(hello.startsWith('\x16\x03')).toBe(true);
    expect((hello + peer.pending).includes(serverName)).toBe(isNamed);
    peer.reset();
    await asked.over();
  });

  it('is asked of a port that speaks no TLS: origin_tls', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({}, { protocol: 'https' });
    (await origin.accept()).send('HTTP/1.1 400 Bad Request\r\n\r\n');
    await asked.over();
    expect(asked.failure?.code).toBe('origin_tls');
    expect(asked.failure?.detail).toContain('does not speak TLS');
  });
});

describe('over TLS', () => {
  it('an early answer is whole although the origin resets at once', async () => {
    const { origin, ask } = await startAsking(tls(SELF_SIGNED));
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    const peer = await origin.accept();
    await peer.head();
    peer.send(message('too much'));
    await peer.taken();
    peer.reset();
    for (let n = 0; n < 5; n += 1) asked.write('more');
    expect((await asked.over()).body).toBe('too much');
  });

  it('a body without a length ends with the connection', async () => {
    const { origin, ask } = await startAsking(tls(SELF_SIGNED));
    const asked = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send('HTTP/1.1 200 OK\r\n\r\nall of it');
    peer.end();
    expect((await asked.over()).body).toBe('all of it');
  });
});

describe('a request that is aborted', () => {
  it.each([
    ['on a kept connection', {}],
    ['on a fresh one', { isFreshConnection: true }],
    ['as an upgrade', { isUpgrade: true }],
  ])('at once never reaches the origin, %s', async (_, request) => {
    const { origin, ask } = await startAsking({
      behave: async (peer) => {
        if ((await peer.head()).includes('/other')) peer.send(message('other'));
      },
    });
    const asked = ask(request);
    asked.abort();
    expect((await ask({ path: '/other' }).over()).body).toBe('other');
    await Promise.all(origin.peers.slice(0, -1).map((peer) => peer.left()));
    expect(asked.calls).toEqual([]);
  });

  it('at once leaves an idle connection usable or gone, and reaches nobody', async () => {
    const { origin, ask } = await startAsking();
    const first = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send(message('ok'));
    await first.over();
    ask().abort();
    await peer.left();
    expect(peer.pending).toBe('');
  });

  it('while it waits is gone for the origin', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    const peer = await origin.accept();
    await peer.head();
    asked.abort();
    await peer.left();
    expect(asked.calls).toEqual(['connected']);
  });

  it('in mid upload is gone for the origin', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: ['Content-Length', '9'] });
    asked.write('half');
    const peer = await origin.accept();
    await peer.through('half');
    asked.abort();
    await peer.left();
    expect(asked.calls).toEqual(['connected']);
  });

  it('in mid download is gone for the origin, paused or not', async () => {
    const { origin, ask } = await startAsking();
    for (const isPaused of [false, true]) {
      const asked = ask();
      const peer = await origin.accept();
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
      await peer.taken();
      await asked.until(({ body }) => body === 'half');
      if (isPaused) asked.pause();
      asked.abort();
      await peer.left();
      expect(asked.calls).toEqual(['connected', 'head', 'data']);
    }
  });

  it('inside a call of the handler hears nothing more', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask();
    void asked.until(({ answer }) => answer !== undefined).then(() => {});
    const peer = await origin.accept();
    await peer.head();
    asked.onCall = (call) => {
      if (call === 'head') asked.abort();
    };
    peer.send(message('never told'));
    await peer.taken();
    await peer.left();
    expect(asked.calls).toEqual(['connected', 'head']);
  });

  it('and used after its end does nothing', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask({ method: 'POST', hasBody: true, headers: [] });
    const peer = await origin.accept();
    peer.send(message('ok'));
    await asked.over();
    expect(asked.write('late')).toBe(true);
    asked.end(['X', '1']);
    asked.pause();
    asked.resume();
    asked.abort();
    expect(asked.calls).toEqual(['connected', 'head', 'data', 'end']);
  });
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
