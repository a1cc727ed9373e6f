// Upgrades: after a 101 both directions carry raw bytes, each to its own end.

import { describe, expect, it } from 'vitest';
import type { RawPeer } from '../../support/rawOrigin.ts';
import { ORIGIN_KEY, SELF_SIGNED } from '../../support/certificates.ts';
import { message, startAsking, type Asked, type AskingOptions } from './asking.ts';

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: Upgrade\r\nX: 1\r\n\r\n';

const UPGRADE = { isUpgrade: true, hasBody: true, headers: ['Host', 'a', 'Upgrade', 'raw'] };

async function upgraded(first = '', options: AskingOptions = {}): Promise<{ asked: Asked; peer: RawPeer }> {
  const { origin, ask } = await startAsking(options);
  const asked = ask(UPGRADE);
  const peer = await origin.accept();
  await peer.head();
  peer.send(SWITCHING + first);
  await asked.until(({ answer }) => answer !== undefined);
  return { asked, peer };
}

describe.each([
  ['in clear', {}],
  ['over TLS', { tls: { key: ORIGIN_KEY, cert: SELF_SIGNED } }],
])('an upgraded connection %s', (_, options) => {
  it('is asked for by Connection and Upgrade, and told with its head', async () => {
    const { origin, ask } = await startAsking(options);
    const asked = ask(UPGRADE);
    const peer = await origin.accept();
    expect(await peer.head()).toBe(
      'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: raw\r\nConnection: Upgrade\r\n\r\n',
    );
    peer.send(SWITCHING);
    await asked.until(({ answer }) => answer !== undefined);
    expect(asked.answer).toEqual({
      status: 101,
      reason: 'Switching Protocols',
      headers: ['Upgrade', 'raw', 'X', '1'],
    });
  });

  it('carries bytes both ways, the first ones too', async () => {
    const { asked, peer } = await upgraded('first \x00\xff', options);
    await asked.until(({ body }) => body === 'first \x00\xff');
    asked.write('up');
    expect(await peer.bytes(2)).toBe('up');
    peer.send(' and more');
    await asked.until(({ body }) => body === 'first \x00\xff and more');
    expect(asked.rushed).toEqual([]);
  });

  it("keeps the visitor's half-close: the origin still answers", async () => {
    const { asked, peer } = await upgraded('', options);
    asked.write('data');
    asked.end();
    expect(await peer.rest()).toBe('data');
    peer.send('after your end');
    peer.end();
    expect((await asked.over()).body).toBe('after your end');
    await peer.gone();
    expect(asked.failure).toBeUndefined();
  });

  it("keeps the origin's half-close: the visitor still sends", async () => {
    const { asked, peer } = await upgraded('bye', options);
    peer.end();
    await asked.over();
    expect([asked.body, asked.trailers]).toEqual(['bye', []]);
    asked.write('still here');
    asked.end();
    expect(await peer.rest()).toBe('still here');
    await peer.gone();
    expect(asked.failure).toBeUndefined();
  });

  it('carries 8 MB both ways at once', async () => {
    const { asked, peer } = await upgraded('', options);
    const size = 8 << 20;
    peer.send(Buffer.alloc(size, 'd'));
    const piece = Buffer.alloc(size / 64, 'u');
    for (let n = 0; n < 64; n += 1) {
      const { drains } = asked;
      if (!asked.write(piece)) await asked.until((now) => now.drains > drains);
    }
    expect(await peer.bytes(size)).toBe('u'.repeat(size));
    await asked.until(({ body }) => body.length === size);
  });

  it('that the origin resets has failed', async () => {
    const { asked, peer } = await upgraded('', options);
    peer.reset();
    expect((await asked.until(({ failure }) => failure !== undefined), asked.failure)).toMatchObject({
      code: 'origin_reset',
      isStale: false,
    });
  });

  it('that the origin resets after its half-close has failed, too', async () => {
    const { asked, peer } = await upgraded('', options);
    peer.end();
    await asked.over();
    peer.reset();
    asked.write('into nothing');
    await asked.until(({ failure }) => failure !== undefined);
  });

  it('that is aborted is gone for the origin, and no call follows', async () => {
    const { asked, peer } = await upgraded('', options);
    asked.abort();
    const { calls } = asked;
    const before = [...calls];
    await peer.left();
    expect(calls).toEqual(before);
  });
});

describe('an upgraded connection', () => {
  it('that is reset while we write tells the bytes before the reset, then fails', async () => {
    const { asked, peer } = await upgraded();
    peer.send('last words');
    peer.reset();
    asked.write('meeting the reset');
    await asked.until(({ failure }) => failure !== undefined);
    expect([asked.body, asked.trailers]).toEqual(['last words', undefined]);
  });

  it('holds the origin back while it is paused, even before the 101', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask(UPGRADE);
    asked.pause();
    const peer = await origin.accept();
    await peer.head();
    peer.send(`${SWITCHING}first`);
    await asked.until(({ answer }) => answer !== undefined);
    const other = ask();
    (await origin.accept()).send(message('other'));
    await other.over();
    expect(asked.body).toBe('');
    asked.resume();
    await asked.until(({ body }) => body === 'first');
  });

  it('gets what the visitor sent before the 101, his end included', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask(UPGRADE);
    expect(asked.write('eager ')).toBe(false);
    asked.write('bytes');
    asked.end();
    const peer = await origin.accept();
    await peer.head();
    expect(peer.pending).toBe('');
    peer.send(SWITCHING);
    expect(await peer.rest()).toBe('eager bytes');
    expect(asked.drains).toBe(1);
  });

  it('ends with the dispatcher', async () => {
    const { origin, origins, ask } = await startAsking();
    const asked = ask(UPGRADE);
    const peer = await origin.accept();
    peer.send(SWITCHING);
    await asked.until(({ answer }) => answer !== undefined);
    origins.close();
    await peer.left();
  });
});

describe('an upgrade that the origin declines', () => {
  it('is an ordinary answer', async () => {
    const { origin, ask } = await startAsking();
    const asked = ask(UPGRADE);
    asked.write('never sent');
    const peer = await origin.accept();
    await peer.head();
    peer.send(message('not here', ['X-Why: policy'], '403 No'));
    await asked.over();
    expect([asked.answer?.status, asked.body]).toEqual([403, 'not here']);
    expect(await peer.rest()).toBe('');
  });
});
