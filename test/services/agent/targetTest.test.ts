// Trying out a target: how far it comes, what a person is told, and what it never reaches.

import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { TargetTest } from '../../../protocol/api/targetTest.ts';
import type { Resolver } from '../../../services/agent/originAddress.ts';
import {
  ANSWER_TIMEOUT_MS,
  createTargetTest,
  type TargetTestOptions,
} from '../../../services/agent/targetTest.ts';
import type { Clock } from '../../../machines/clock.ts';
import { AUTHORITY, EXPIRED, ORIGIN_KEY, SELF_SIGNED, TRUSTED } from '../../support/certificates.ts';
import { closedPort } from '../../support/rawOrigin.ts';
import { CONNECT_TIMEOUT_MS, ANSWER, draftOf, optionsOf, originThat } from './targetTestStage.ts';

describe('a target that answers', () => {
  it('is asked for / by the name that visitors use, and its status is told', async () => {
    const origin = await originThat(async (peer) => {
      heads.push(await peer.head());
      peer.send(ANSWER);
    });
    const heads: string[] = [];
    const result = await tryOut({ internalPort: origin.port, externalDomain: 'app.example.com' });
    expect(result).toMatchObject({ ok: true, stage: 'http', status: 204 });
    expect(result.message).toBe(`127.0.0.1 port ${origin.port} answers with status 204.`);
    expect(result.durationMs).toBeGreaterThan(0);
    expect(heads).toEqual([
      'GET / HTTP/1.1\r\nHost: app.example.com\r\nUser-Agent: octoporty-test\r\nConnection: close\r\n\r\n',
    ]);
  });

  it.each([
    ['target', (port: number) => `127.0.0.1:${port}`],
    ['fixed.example.com', () => 'fixed.example.com'],
    ['preserve', () => '127.0.0.1'],
  ])('is sent the Host that the mapping asks for: %s', async (hostHeader, expected) => {
    const heads: string[] = [];
    const origin = await originThat(async (peer) => {
      heads.push(await peer.head());
      peer.send(ANSWER);
    });
    await tryOut({ internalPort: origin.port, hostHeader });
    expect(heads[0]).toContain(`\r\nHost: ${expected(origin.port)}\r\n`);
  });

  it('is not followed to where it redirects', async () => {
    const elsewhere = await originThat((peer) => peer.send(ANSWER));
    const origin = await originThat(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${elsewhere.port}/\r\n\r\n`);
    });
    expect(await tryOut({ internalPort: origin.port })).toMatchObject({ ok: true, status: 302 });
    expect(elsewhere.peers).toEqual([]);
  });

  it('is left as soon as its head is read', async () => {
    const origin = await originThat(async (peer) => {
      await peer.head();
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
    });
    expect(await tryOut({ internalPort: origin.port })).toMatchObject({ ok: true, status: 200 });
    await origin.peers[0]?.left();
  });

  it.each([404, 500])('is there, whatever its status: %i', async (status) => {
    const origin = await originThat(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 ${status} So\r\nContent-Length: 0\r\n\r\n`);
    });
    expect(await tryOut({ internalPort: origin.port })).toMatchObject({ ok: true, status });
  });
});

describe('a name', () => {
  it('that does not resolve fails at dns', async () => {
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    const resolver: Resolver = (_host, done) => queueMicrotask(() => done(unknown, []));
    expect(await tryOut({ internalHost: 'nas.local' }, { resolver })).toMatchObject({
      ok: false,
      stage: 'dns',
      message: 'nas.local cannot be resolved: check the name, or enter the address.',
    });
  });

  it('that the resolver never answers fails at dns', async () => {
    const asked: string[] = [];
    const clock = handClock();
    const resolver: Resolver = (host) => {
      asked.push(host);
      clock.fire(CONNECT_TIMEOUT_MS);
    };
    expect(await tryOut({ internalHost: 'nas.local' }, { resolver, clock })).toMatchObject({
      ok: false,
      stage: 'dns',
      message: expect.stringMatching(/^nas\.local was not resolved in time: /),
    });
    expect(asked).toEqual(['nas.local']);
  });

  it('is resolved by us, and connected to where it leads', async () => {
    const origin = await originThat((peer) => peer.send(ANSWER));
    expect(
      await tryOut(
        { internalHost: 'nas.local', internalPort: origin.port },
        { resolver: leadingTo('127.0.0.1') },
      ),
    ).toMatchObject({ ok: true, stage: 'http' });
  });
});

describe('a target that may not be reached', () => {
  const forbidden = expect.stringContaining('is not allowed as a target');

  it.each(['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1'])('by its address: %s', async (host) => {
    expect(await tryOut({ internalHost: host })).toMatchObject({
      ok: false,
      stage: 'connect',
      message: forbidden,
    });
  });

  it('by the address that its name leads to', async () => {
    const resolver = leadingTo('169.254.169.254');
    expect(await tryOut({ internalHost: 'metadata.local' }, { resolver })).toMatchObject({
      ok: false,
      stage: 'dns',
      message: forbidden,
    });
  });

  it('because it is the agent itself', async () => {
    const agent = await originThat((peer) => peer.send(ANSWER));
    for (const internalHost of ['127.0.0.1', 'localhost'])
      expect(
        await tryOut({ internalHost, internalPort: agent.port }, { ownPorts: () => [agent.port] }),
      ).toMatchObject({ ok: false, message: forbidden });
    expect(agent.peers).toEqual([]);
  });
});

describe('a connection', () => {
  it('that is refused fails at connect', async () => {
    const port = await closedPort();
    expect(await tryOut({ internalPort: port })).toMatchObject({
      ok: false,
      stage: 'connect',
      message: `127.0.0.1 port ${port} refused the connection: is the service running?`,
    });
  });

  it('that nobody takes fails at connect, in time', async () => {
    const clock = handClock();
    const tested = tryOut({ internalHost: '192.0.2.1' }, { clock });
    clock.fire(CONNECT_TIMEOUT_MS);
    expect(await tested).toMatchObject({
      ok: false,
      stage: 'connect',
      message: expect.stringMatching(/^192\.0\.2\.1 port 80 did not accept a connection in time: /),
    });
  });

  it('that stands and stays silent fails at http, in time', async () => {
    const clock = handClock();
    const origin = await originThat(async (peer) => {
      await peer.head();
      clock.fire(ANSWER_TIMEOUT_MS);
    });
    expect(await tryOut({ internalPort: origin.port }, { clock })).toMatchObject({
      ok: false,
      stage: 'http',
      message: expect.stringMatching(/did not answer in time: .*expect https\?$/),
    });
    await origin.peers[0]?.left();
  });

  it.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.9\r\n', /answers, but not in HTTP: /],
    ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46', /answers, but not in HTTP: .*expect https\?$/],
  ])('that brings %s fails at http', async (_what, bytes, message) => {
    const origin = await originThat((peer) => peer.send(bytes));
    const result = await tryOut({ internalPort: origin.port });
    expect(result).toMatchObject({ ok: false, stage: 'http' });
    expect(result.message).toMatch(message);
  });

  it('that is closed without an answer fails at http', async () => {
    const origin = await originThat(async (peer) => {
      await peer.head();
      peer.end();
    });
    expect(await tryOut({ internalPort: origin.port })).toMatchObject({
      ok: false,
      stage: 'http',
      message: expect.stringContaining('closed the connection without an answer'),
    });
  });
});

describe('TLS', () => {
  const known = getCACertificates();
  afterEach(() => setDefaultCACertificates(known));
  const https = { internalProtocol: 'https', hostHeader: 'origin.test' };

  it.each([
    ['has expired', EXPIRED, 'its certificate has expired'],
    ['is self-signed', SELF_SIGNED, 'its certificate is self-signed'],
    ['comes from nobody we know', TRUSTED, 'its certificate comes from an authority'],
  ])('fails when the certificate %s, with the way out', async (_what, cert, why) => {
    const origin = await originThat(() => {}, { tls: { key: ORIGIN_KEY, cert } });
    const result = await tryOut({ ...https, internalPort: origin.port });
    expect(result).toMatchObject({ ok: false, stage: 'tls' });
    expect(result.message).toContain(why);
    expect(result.message).toContain('or allow invalid certificates');
  });

  it('is checked for the name that the origin is sent', async () => {
    setDefaultCACertificates([AUTHORITY]);
    const origin = await originThat((peer) => peer.send(ANSWER), {
      tls: { key: ORIGIN_KEY, cert: TRUSTED },
    });
    expect(await tryOut({ ...https, internalPort: origin.port })).toMatchObject({ ok: true, status: 204 });
    const draft = { ...https, internalPort: origin.port, hostHeader: 'other.test' };
    const result = await tryOut(draft);
    expect(result).toMatchObject({ ok: false, stage: 'tls' });
    expect(result.message).toMatch(/its certificate is for another name\. It must be for other\.test: /);
  });

  it('is not checked when the mapping says so', async () => {
    const origin = await originThat((peer) => peer.send(ANSWER), {
      tls: { key: ORIGIN_KEY, cert: EXPIRED },
    });
    const draft = { ...https, internalPort: origin.port, allowInvalidCertificates: true };
    expect(await tryOut(draft)).toMatchObject({ ok: true, stage: 'http', status: 204 });
  });

  it('fails where plain HTTP is spoken', async () => {
    const origin = await originThat((peer) => peer.send('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const result = await tryOut({ ...https, internalPort: origin.port });
    expect(result).toMatchObject({ ok: false, stage: 'tls' });
    expect(result.message).toMatch(/does not speak TLS on this port.* Is it an http port\?$/);
  });

  it('that is never answered fails at tls, in time', async () => {
    const clock = handClock();
    const origin = await originThat(async (peer) => {
      await peer.bytes(1);
      clock.fire(CONNECT_TIMEOUT_MS);
    });
    expect(await tryOut({ ...https, internalPort: origin.port }, { clock })).toMatchObject({
      ok: false,
      stage: 'tls',
      message: expect.stringContaining('did not finish the TLS handshake in time'),
    });
  });
});

function tryOut(draft: object, options: Partial<TargetTestOptions> = {}): Promise<TargetTest> {
  return createTargetTest(optionsOf(options))(draftOf(draft));
}

function leadingTo(address: string): Resolver {
  return (_host, done) => queueMicrotask(() => done(null, [{ address, family: 4 }]));
}

/** Timers that run when the test says so. */
function handClock(): Clock & { fire(delayMs: number): void } {
  const timers = new Map<number, () => void>();
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    setTimer(delayMs, callback) {
      timers.set(delayMs, callback);
      return () => void timers.delete(delayMs);
    },
    fire(delayMs) {
      const callback = timers.get(delayMs);
      if (callback === undefined) throw new Error(`no timer of ${delayMs} ms`);
      queueMicrotask(callback);
    },
  };
}
