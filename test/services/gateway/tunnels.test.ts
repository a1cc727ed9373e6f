// Owns the tests of the gateway's tunnels: who is let in, who replaces whom, and who is told when names change hands.

import { describe, expect, test } from 'vitest';
import { PROBE_TIMEOUT_MS } from '../../../machines/admission.ts';
import { MAX_PENDING_HANDSHAKES } from '../../../services/gateway/tunnels.ts';
import { POST } from '../../protocol/frames.ts';
import { Recorder } from '../../protocol/wirePair.ts';
import { DRAIN_MS, HANDSHAKE_MS, LATENCY_MS, mappingsOf, tunnelsStage } from './tunnelsStage.ts';

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

describe('a name that another agent holds', () => {
  test('is refused, and granted on the same tunnel and revision when the owner ends', () => {
    const { clock, online, serving } = tunnelsStage();
    const owner = online('a', { names: ['app'] });
    const next = online('b', { names: ['app'] });
    expect([next.isIn('online'), next.refused(), serving('app')]).toEqual([true, ['domain_taken'], 1]);
    owner.stop();
    clock.runFor(3 * LATENCY_MS);
    expect([next.refused(), next.context().ackedRevision, serving('app')]).toEqual([[], 1, 2]);
  });

  test('is granted when the owner drops it, who then waits for it in turn', () => {
    const { clock, online, serving } = tunnelsStage();
    const owner = online('a', { names: ['app', 'web'] });
    const next = online('b', { names: ['app'] });
    owner.publish(2, 'web');
    clock.runFor(3 * LATENCY_MS);
    expect([next.refused(), serving('app'), serving('web')]).toEqual([[], 2, 1]);
    owner.publish(3, 'web', 'app');
    clock.runFor(3 * LATENCY_MS);
    expect([owner.refused(), serving('app')]).toEqual([['domain_taken'], 2]);
  });

  test('is granted when the owner falls silent for good', () => {
    const { clock, online, serving } = tunnelsStage();
    const owner = online('a', { names: ['app'] });
    const next = online('b', { names: ['app'] });
    owner.vanish();
    clock.runFor(13_000);
    expect([next.refused(), serving('app')]).toEqual([[], 2]);
  });

  test('is granted when the owner’s session fails by a bug of ours', () => {
    const { clock, played, online, serving, failures } = tunnelsStage();
    const owner = played('192.0.2.9');
    owner.auth();
    clock.runFor(10);
    owner.sync(1, mappingsOf(['app']));
    const next = online('b', { names: ['app'] });
    expect(next.refused()).toEqual(['domain_taken']);
    owner.isBroken = true;
    owner.say({ type: 'heartbeat', timestamp: 1 });
    clock.runFor(3 * LATENCY_MS);
    expect([failures, owner.closed]).toEqual([['session.1'], 'internal']);
    expect([next.refused(), serving('app')]).toEqual([[], 2]);
  });

  test('stays its owner’s when its wire is half-open: the owner dials beside it', () => {
    const { clock, online, serving } = tunnelsStage();
    const owner = online('a', { names: ['app'] });
    const next = online('b', { names: ['app'] });
    owner.deafen();
    clock.runFor(4_000);
    expect([owner.isIn('online'), owner.refused(), serving('app')]).toEqual([true, [], 3]);
    clock.runFor(13_000);
    expect([next.refused(), serving('app')]).toEqual([['domain_taken'], 3]);
  });
});

describe('a secret', () => {
  test('may be the current or the previous one while it is changed', () => {
    const { online } = tunnelsStage(['the new one', 'the old one']);
    expect(online('a', { secret: 'the new one' }).isIn('online')).toBe(true);
    expect(online('b', { secret: 'the old one' }).isIn('online')).toBe(true);
  });

  test('that is wrong is refused at once, and told with its address', () => {
    const { online, refusals } = tunnelsStage();
    const stranger = online('a', { secret: 'a guess' });
    expect([stranger.isIn('rejected'), stranger.context().lastError?.code]).toEqual([true, 'auth_failed']);
    expect(refusals).toEqual([{ type: 'tunnel.refused', address: '192.0.2.1', code: 'auth_failed' }]);
  });

  test('guessed ten times is answered three seconds late, and no longer told; the right one never waits', () => {
    const { clock, played, refusals } = tunnelsStage();
    const guess = () => {
      const made = played('192.0.2.9');
      made.auth({ secret: 'a guess' });
      const saidMs = clock.nowMs();
      clock.runFor(3_500);
      return (made.lastMs('auth_result') ?? Infinity) - saidMs;
    };
    const waits = Array.from({ length: 12 }, guess);
    expect(Math.max(...waits.slice(0, 10))).toBeLessThan(10);
    expect(Math.min(...waits.slice(10))).toBeGreaterThanOrEqual(3_000);
    expect(refusals).toHaveLength(10);
    const honest = played('192.0.2.9');
    honest.auth();
    clock.runFor(10);
    expect(honest.last('auth_result')).toMatchObject({ ok: true });
  });

  test('known to a clone does not slow its address down: it is no guess', () => {
    const { clock, online, played } = tunnelsStage();
    online('a');
    for (let n = 0; n < 12; n += 1) {
      played('192.0.2.9').auth();
      clock.runFor(3 * LATENCY_MS);
    }
    const guesser = played('192.0.2.9');
    guesser.auth({ secret: 'a guess' });
    clock.runFor(10);
    expect(guesser.last('auth_result')).toMatchObject({ code: 'auth_failed' });
  });
});

test('each session is listed with its agent and how far it got, those in their handshake too', () => {
  const { clock, online, played, tunnels } = tunnelsStage();
  online('a', { names: ['app', 'web'] });
  online('b', { names: ['app'] });
  played('192.0.2.9');
  clock.runFor(5_000);
  const [first, second, stranger] = tunnels.list();
  expect(first).toMatchObject({
    id: 'session.1',
    agentId: '00000000-0000-4000-8000-00000000000a',
    agentVersion: '1.2.3',
    state: 'online.fresh',
    since: expect.stringMatching(/^\d{4}-.*Z$/),
    rttMs: expect.any(Number),
    revision: 1,
    mappings: 2,
    refused: 0,
  });
  expect(second).toMatchObject({ agentId: '00000000-0000-4000-8000-00000000000b', mappings: 1, refused: 1 });
  expect(stranger).toMatchObject({
    id: 'session.3',
    agentId: null,
    agentVersion: null,
    state: 'handshaking.authenticating',
    rttMs: null,
    revision: null,
    mappings: 0,
    refused: 0,
  });
});

test('of too many pending handshakes the oldest goes first, and a tunnel never', () => {
  const { clock, online, played, tunnels } = tunnelsStage();
  const { isIn } = online('a');
  const strangers = Array.from({ length: MAX_PENDING_HANDSHAKES + 2 }, () => played('192.0.2.9'));
  clock.runFor(10);
  expect(strangers.slice(0, 4).map(({ closed }) => closed)).toEqual([
    'handshake_crowded',
    'handshake_crowded',
    undefined,
    undefined,
  ]);
  expect([isIn('online'), tunnels.count]).toEqual([true, MAX_PENDING_HANDSHAKES + 1]);
});

test('whoever waits for a name hears of changes, once a tick', () => {
  const { clock, online, tunnels } = tunnelsStage();
  const { stop } = online('a', { names: ['app', 'web'] });
  const heardMs: number[] = [];
  tunnels.onChange(() => heardMs.push(clock.nowMs()));
  const { isIn } = online('b', { names: ['app'] });
  expect([isIn('online'), heardMs.length]).toEqual([true, 1]);
  stop();
  clock.runFor(3 * LATENCY_MS);
  expect(heardMs.length).toBeGreaterThan(1);
});

describe('a drain', () => {
  test('is told once and later, however fast its tunnels end and whoever still comes', () => {
    const { clock, played, tunnels } = tunnelsStage();
    // Handshakes end at once when the gateway leaves.
    played('192.0.2.1');
    played('192.0.2.2');
    let told = 0;
    tunnels.drain(() => (told += 1));
    expect(told).toBe(0);
    clock.settle();
    const late = played('192.0.2.3');
    clock.settle();
    expect([told, tunnels.count, clock.pending, late.closed]).toEqual([1, 0, 0, 'going_away']);
  });

  test('tells every agent to go, and is over once no stream runs, or its time is', () => {
    const { clock, online, tunnels, serving } = tunnelsStage();
    const { context } = online('a');
    online('b').vanish();
    const recorder = new Recorder();
    tunnels.open(2, POST, () => recorder);
    let toldMs: number | undefined;
    const beganMs = clock.nowMs();
    tunnels.drain(() => (toldMs = clock.nowMs()));
    expect([serving('a'), serving('b')]).toEqual(['lost', 'lost']);
    clock.runFor(LATENCY_MS + 1);
    expect([context().lastError?.code, tunnels.count]).toEqual(['going_away', 1]);
    clock.runFor(DRAIN_MS);
    expect([toldMs, recorder.calls]).toEqual([beganMs + DRAIN_MS, ['reset tunnel_lost']]);
  });

  test('of a gateway without tunnels is over at once, and told later', () => {
    const { clock, tunnels } = tunnelsStage();
    let told = 0;
    tunnels.drain(() => (told += 1));
    expect(told).toBe(0);
    clock.settle();
    expect(told).toBe(1);
  });
});
