// Owns the tests of names that two agents want: who has them, who is granted them next, and who hears of it.

import { describe, expect, test } from 'vitest';
import { LATENCY_MS, mappingsOf, tunnelsStage } from './tunnelsStage.ts';

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
