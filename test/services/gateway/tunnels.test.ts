// Owns the tests of the gateway's tunnels: whose secret is right, how many wait, what is listed, and how all end.

import { describe, expect, test } from 'vitest';
import { MAX_PENDING_HANDSHAKES } from '../../../services/gateway/tunnels.ts';
import { POST } from '../../protocol/frames.ts';
import { Recorder } from '../../protocol/wirePair.ts';
import { DRAIN_MS, LATENCY_MS, tunnelsStage } from './tunnelsStage.ts';

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
