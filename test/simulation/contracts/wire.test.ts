// What every Wire promises, simulated or real.

import { afterEach, describe, expect, it } from 'vitest';
import { realPair, simulatedPair, type WirePairOfTwo } from './wirePairs.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function ignore(): void {}

describe.each([
  ['simulated', simulatedPair],
  ['real', realPair],
])('the %s wire', (_name, makePair) => {
  async function pair(): Promise<WirePairOfTwo> {
    const made = await makePair();
    ends.push(() => {
      made.end();
    });
    return made;
  }

  it('carries text and binary messages whole and in order, both ways', async () => {
    const { near, far, heardNear, heardFar, until } = await pair();
    near.sendText('first');
    near.sendBinary(Buffer.from('second'), ignore);
    near.sendText('third');
    far.sendBinary(Buffer.alloc(0), ignore);
    await until(() => heardFar.messages.length === 3 && heardNear.messages.length === 1);
    expect(heardFar.messages).toEqual(['first', Buffer.from('second'), 'third']);
    expect(heardNear.messages).toEqual([Buffer.alloc(0)]);
  });

  it('counts every payload byte that came', async () => {
    const { near, far, heardFar, until } = await pair();
    near.sendText('12345');
    near.sendBinary(Buffer.alloc(1_000), ignore);
    await until(() => heardFar.messages.length === 2);
    expect([near.receivedBytes(), far.receivedBytes()]).toEqual([0, 1_005]);
  });

  it('owns the bytes of a message until it says so, later, and tells that it has room', async () => {
    const { near, heardNear, heardFar, until } = await pair();
    const message = Buffer.alloc(100_000, 'a');
    let isTaken = false;
    near.sendBinary(message, () => {
      isTaken = true;
      message.fill('b');
    });
    expect(isTaken).toBe(false);
    await until(() => isTaken && heardFar.messages.length === 1);
    expect(heardFar.messages).toEqual([Buffer.alloc(100_000, 'a')]);
    expect(heardNear.drained).toBeGreaterThan(0);
    expect(near.bufferedBytes()).toBe(0);
  });

  it('shows what the network has not taken', async () => {
    const { near, until } = await pair();
    let taken = 0;
    for (let n = 0; n < 40; n += 1) near.sendBinary(Buffer.alloc(500_000), () => (taken += 1));
    expect(near.bufferedBytes()).toBeGreaterThan(1_000_000);
    await until(() => taken === 40);
    expect(near.bufferedBytes()).toBe(0);
  });

  it('closes with a reason that both ends hear once, after what was sent before', async () => {
    const { near, heardNear, heardFar, until } = await pair();
    near.sendText('last words');
    near.close('replaced', 'a newer wire');
    near.close('internal');
    expect(heardNear.closed).toEqual([]);
    await until(() => heardNear.closed.length > 0 && heardFar.closed.length > 0);
    expect(heardNear.closed).toEqual([{ code: 'replaced', detail: 'a newer wire' }]);
    expect(heardFar.closed.map(({ code }) => code)).toEqual(['replaced']);
    expect(heardFar.messages).toEqual(['last words']);
  });

  it('takes back the bytes of what is sent too late', async () => {
    const { near, heardNear, until } = await pair();
    let isTaken = false;
    near.close('going_away');
    near.sendText('too late');
    near.sendBinary(Buffer.alloc(10), () => (isTaken = true));
    await until(() => isTaken && heardNear.closed.length > 0);
  });

  it('is dropped without a word, and both ends hear that it closed', async () => {
    const { near, heardNear, heardFar, until } = await pair();
    near.terminate();
    expect(heardNear.closed).toEqual([]);
    await until(() => heardNear.closed.length > 0 && heardFar.closed.length > 0);
    expect(heardNear.closed.map(({ code }) => code)).toEqual(['wire_closed']);
    expect(heardFar.closed.map(({ code }) => code)).toEqual(['wire_closed']);
  });

  it('says why we dropped it when we said so first', async () => {
    const { near, heardNear, until } = await pair();
    near.close('peer_silent');
    near.terminate();
    await until(() => heardNear.closed.length > 0);
    expect(heardNear.closed.map(({ code }) => code)).toEqual(['peer_silent']);
  });

  it('survives both ends closing at once', async () => {
    const { near, far, heardNear, heardFar, until } = await pair();
    near.close('redialled');
    far.close('replaced');
    await until(() => heardNear.closed.length > 0 && heardFar.closed.length > 0);
    expect(heardNear.closed.map(({ code }) => code)).toEqual(['redialled']);
    expect(heardFar.closed.map(({ code }) => code)).toEqual(['replaced']);
  });
});
