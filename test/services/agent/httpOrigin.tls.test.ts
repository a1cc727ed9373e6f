// Owns the tests of origins over TLS: which certificates are good, what is asked for, and how bodies end.

import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { AUTHORITY, EXPIRED, SELF_SIGNED, TRUSTED } from '../../support/certificates.ts';
import { message, overTls, startAsking } from './asking.ts';

describe('a certificate', () => {
  const defaults = getCACertificates('default');
  afterEach(() => setDefaultCACertificates(defaults));
  const strict = { allowInvalidCertificates: false };

  it('of a trusted authority for the name that was asked for is fine', async () => {
    setDefaultCACertificates([AUTHORITY]);
    const { ask } = await startAsking({ ...overTls(TRUSTED), behave: (peer) => peer.send(message('safe')) });
    expect((await ask({}, strict).over()).body).toBe('safe');
    expect((await ask({}, { ...strict, serverName: '127.0.0.1' }).over()).body).toBe('safe');
  });

  it('that was good for one address does not serve another over the kept connection', async () => {
    setDefaultCACertificates([AUTHORITY]);
    const { ask } = await startAsking({ ...overTls(TRUSTED), behave: (peer) => peer.send(message('safe')) });
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
    const { ask } = await startAsking(overTls(cert));
    const asked = await ask({}, { ...strict, ...target }).over();
    expect(asked.failure?.code).toBe('origin_tls');
    expect(asked.failure?.detail).toContain(why);
    expect(asked.calls).toEqual(['failed']);
  });

  it('of an unknown authority is origin_tls', async () => {
    const { ask } = await startAsking(overTls(TRUSTED));
    const asked = await ask({}, strict).over();
    expect(asked.failure).toMatchObject({ code: 'origin_tls' });
    expect(asked.failure?.detail).toContain('authority');
  });

  it.each([EXPIRED, SELF_SIGNED])('of any kind is fine where the mapping says so', async (cert) => {
    const { ask } = await startAsking({ ...overTls(cert), behave: (peer) => peer.send(message('ok')) });
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
    const { origin, ask } = await startAsking(overTls(SELF_SIGNED));
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
    const { origin, ask } = await startAsking(overTls(SELF_SIGNED));
    const asked = ask();
    const peer = await origin.accept();
    await peer.head();
    peer.send('HTTP/1.1 200 OK\r\n\r\nall of it');
    peer.end();
    expect((await asked.over()).body).toBe('all of it');
  });
});
