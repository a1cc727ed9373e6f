// Owns the tests of who replaces whom: a second boot of an agent, and another wire of the same one.

import { describe, expect, test } from 'vitest';
import { PROBE_TIMEOUT_MS } from '../../../machines/admission.ts';
import { POST } from '../../protocol/frames.ts';
import { Recorder } from '../../protocol/wirePair.ts';
import { HANDSHAKE_MS, LATENCY_MS, mappingsOf, tunnelsStage } from './tunnelsStage.ts';

describe('a second boot of an agent', () => {
  test('is refused while the first one answers, which notices nothing', () => {
    const { clock, online, agent, refusals, serving, tunnels } = tunnelsStage();
    const first = online('a');
    const clone = agent('a', { epoch: 'copy' });
    clock.runFor(HANDSHAKE_MS);
    expect([clone.isIn('rejected'), clone.context().lastError?.code]).toEqual([true, 'duplicate_agent']);
    expect(refusals).toEqual([{ type: 'tunnel.refused', address: '192.0.2.2', code: 'duplicate_agent' }]);
    expect([first.isIn('online'), first.context().alive, serving('a')]).toEqual([true, [1], 1]);
    clock.runFor(200_000);
    expect([first.context().alive, clone.isIn('online'), tunnels.count]).toEqual([[1], false, 1]);
  });

  test('takes over from a half-open one within a second, and its names are never unknown', () => {
    const { clock, online, agent, changes, serving, tunnels } = tunnelsStage();
    online('a').vanish();
    const reborn = agent('a', { epoch: 'reboot' });
    const seen = new Set<unknown>();
    for (let ms = 0; ms < PROBE_TIMEOUT_MS + HANDSHAKE_MS; ms += 1) {
      clock.runFor(1);
      seen.add(serving('a'));
    }
    expect([reborn.isIn('online'), serving('a')]).toEqual([true, 2]);
    expect(seen).toEqual(new Set([1, 'lost', 2]));
    expect(changes.map(({ tunnel, state, code }) => [tunnel, state, code])).toEqual([
      ['session.1', 'online', null],
      ['session.1', 'offline', 'replaced'],
      ['session.2', 'online', null],
    ]);
    expect(tunnels.count).toBe(1);
  });

  test('drops only those that were asked: one that came online meanwhile keeps its streams', () => {
    const { clock, online, agent, changes } = tunnelsStage();
    online('a').vanish();
    agent('a', { epoch: 'two' });
    clock.runFor(PROBE_TIMEOUT_MS / 2);
    agent('a', { epoch: 'three' });
    clock.runFor(PROBE_TIMEOUT_MS + HANDSHAKE_MS);
    const dropped = changes.filter(({ state }) => state === 'offline').map(({ tunnel }) => tunnel);
    expect(dropped).not.toContain('session.2');
  });

  test('that dials in the same moment as the first loses to whichever is online first, which notices nothing', () => {
    const { clock, agent, changes } = tunnelsStage();
    const boots = [agent('a', { epoch: 'one' }), agent('a', { epoch: 'two' })];
    clock.runFor(PROBE_TIMEOUT_MS + 2 * HANDSHAKE_MS);
    expect(boots.map((boot) => boot.isIn('online')).sort()).toEqual([false, true]);
    expect(boots.map((boot) => boot.context().lastError?.code)).toContain('duplicate_agent');
    expect(changes.filter(({ state }) => state === 'online')).toHaveLength(1);
  });

  test('is let in at once after one that said goodbye', () => {
    const { clock, online, agent } = tunnelsStage();
    const first = online('a');
    first.stop();
    clock.runFor(LATENCY_MS);
    const reborn = agent('a', { epoch: 'reboot' });
    clock.runFor(HANDSHAKE_MS);
    expect([first.isIn('offline'), reborn.isIn('online')]).toEqual([true, true]);
  });

  test('is let in when the first one leaves while it is asked', () => {
    const { clock, online, played } = tunnelsStage();
    const first = online('a');
    const newcomer = played('192.0.2.9');
    newcomer.auth();
    first.stop();
    clock.runFor(PROBE_TIMEOUT_MS + 10);
    expect(newcomer.last('auth_result')).toMatchObject({ ok: true });
  });

  test('leaves the first one that said goodbye while it was asked its time for what runs', () => {
    const { clock, played, tunnels } = tunnelsStage();
    const first = played('192.0.2.8', 'one');
    first.auth();
    clock.runFor(10);
    first.sync(1, mappingsOf(['a']));
    const recorder = new Recorder();
    tunnels.open(1, POST, () => recorder);
    const newcomer = played('192.0.2.9', 'two');
    newcomer.auth();
    clock.runFor(10);
    first.say({ type: 'goaway', reason: 'going_away', lastStreamId: 1, retryAfterMs: 0 });
    clock.runFor(PROBE_TIMEOUT_MS + 10);
    expect(newcomer.last('auth_result')).toMatchObject({ ok: true });
    expect([first.closed, recorder.calls]).toEqual([undefined, []]);
  });

  test('that comes online second is not told that it did, and its end is no news', () => {
    const { clock, played, changes } = tunnelsStage();
    const boots = [played('192.0.2.8', 'one'), played('192.0.2.9', 'two')];
    for (const boot of boots) boot.auth();
    clock.runFor(10);
    for (const boot of boots) boot.sync(1, []);
    clock.runFor(10);
    expect(boots.map((boot) => [boot.last('config_ack')?.revision, boot.closed])).toEqual([
      [1, undefined],
      [undefined, 'replaced'],
    ]);
    expect(changes.map(({ tunnel, state }) => [tunnel, state])).toEqual([['session.1', 'online']]);
  });

  test('that gives up while the first one is asked leaves nothing behind', () => {
    const { clock, online, played, tunnels } = tunnelsStage();
    const first = online('a');
    const newcomer = played('192.0.2.9');
    newcomer.auth();
    clock.runFor(LATENCY_MS);
    newcomer.terminate();
    clock.runFor(PROBE_TIMEOUT_MS);
    expect([newcomer.last('auth_result'), tunnels.count, first.isIn('online')]).toEqual([undefined, 1, true]);
  });

  test('that dials at the same moment as the first: one of them stays', () => {
    const { clock, agent, tunnels } = tunnelsStage();
    const boots = ['one', 'other'].map((epoch) => agent('a', { epoch }));
    clock.runFor(3_000);
    expect(boots.filter((boot) => boot.isIn('online'))).toHaveLength(1);
    expect(boots.filter((boot) => boot.isIn('rejected'))).toHaveLength(1);
    expect(tunnels.count).toBe(1);
  });
});

describe('another wire of the same boot', () => {
  test('replaces the older one without a gap, as its agent redials', () => {
    const { clock, online, serving } = tunnelsStage();
    const { reconnect, isIn, context } = online('a');
    reconnect();
    clock.runFor(HANDSHAKE_MS);
    expect([isIn('online'), context().alive, serving('a')]).toEqual([true, [2], 2]);
  });

  test('that is older than the one in force is refused: it comes too late', () => {
    const { clock, played, refusals } = tunnelsStage();
    const newer = played('192.0.2.8');
    newer.auth({ attempt: 2 });
    clock.runFor(10);
    newer.sync(1, []);
    const older = played('192.0.2.9');
    older.auth({ attempt: 1 });
    clock.runFor(10);
    expect(older.last('auth_result')).toEqual({ type: 'auth_result', ok: false, code: 'replaced' });
    expect([older.closed, newer.closed, refusals.length]).toEqual(['replaced', undefined, 1]);
  });

  test('that is older and was let in before the newer one is refused when it comes online after it', () => {
    const { clock, played, serving } = tunnelsStage();
    const older = played('192.0.2.8');
    older.auth({ attempt: 1 });
    const newer = played('192.0.2.9');
    newer.auth({ attempt: 2 });
    clock.runFor(10);
    newer.sync(1, mappingsOf(['a']));
    older.sync(1, mappingsOf(['a']));
    clock.runFor(10);
    expect([older.closed, older.last('config_ack')]).toEqual(['replaced', undefined]);
    expect([serving('a'), newer.closed, newer.last('goaway')]).toEqual([2, undefined, undefined]);
  });

  test('that is newer drains the older one', () => {
    const { clock, played, serving } = tunnelsStage();
    const older = played('192.0.2.8');
    older.auth({ attempt: 1 });
    clock.runFor(10);
    older.sync(1, mappingsOf(['a']));
    const newer = played('192.0.2.9');
    newer.auth({ attempt: 2 });
    clock.runFor(10);
    expect([serving('a'), older.last('goaway')]).toEqual([1, undefined]);
    newer.sync(1, mappingsOf(['a']));
    clock.runFor(10);
    expect([serving('a'), older.last('goaway')?.reason, older.closed]).toEqual([2, 'replaced', 'replaced']);
  });
});
