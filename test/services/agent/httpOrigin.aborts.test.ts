// Owns the tests of requests to origins that are aborted, at any moment.

import { describe, expect, it } from 'vitest';
import { message, startAsking } from './asking.ts';

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
