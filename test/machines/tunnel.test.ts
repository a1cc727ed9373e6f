// Owns the tests of both ends' machines against each other: the agent's connection and the gateway's sessions.

import { expect, test } from 'vitest';
import { LATENCY_MS, tunnelStage } from './tunnelStage.ts';

type Stage = ReturnType<typeof tunnelStage>;

function online(seed?: number): Stage {
  const made = tunnelStage(seed === undefined ? {} : { seed });
  made.clock.runFor(1_000);
  expect(made.isIn({ online: 'lively' })).toBe(true);
  return made;
}

const state = ({ tunnel }: Stage, at = -1) => tunnel(at).session.getSnapshot();

test('the right secret is online within a few round trips, and both ends serve streams', () => {
  const made = tunnelStage();
  made.clock.runFor(7 * LATENCY_MS);
  expect(made.isIn({ online: 'lively' })).toBe(true);
  expect(state(made).matches({ online: 'fresh' })).toBe(true);
  expect(state(made).context.identity).toMatchObject({ epoch: 'boot', attempt: 1 });
  expect(made.tunnel().pair.serving.size).toBe(2);
  expect([made.directory.applied, made.context().ackedRevision]).toEqual([[1], 1]);
});

test('a wrong secret is rejected, counted, and dialled again only after a minute', () => {
  const made = tunnelStage({ agentSecret: 'another' });
  made.clock.runFor(47_000);
  expect([made.isIn('rejected'), made.context().lastError?.code]).toEqual([true, 'auth_failed']);
  expect([made.tunnels.length, made.directory.punished]).toEqual([1, 1]);
  expect([made.directory.applied, made.tunnel().pair.serving.size]).toEqual([[], 0]);
  made.network.gatewaySecret = 'another';
  made.clock.runFor(26_000);
  expect([made.tunnels.length, made.isIn('online')]).toEqual([2, true]);
});

test('a gateway that does not know the secret is refused by the agent as well', () => {
  const made = tunnelStage();
  made.network.gatewaySecret = 'another';
  made.clock.runFor(1_000);
  expect([made.isIn('rejected'), made.context().lastError?.code]).toEqual([true, 'auth_failed']);
});

test('while the secret is changed, an agent with the previous one is online as well', () => {
  const made = tunnelStage({ agentSecret: 'previous' });
  made.clock.runFor(1_000);
  expect([made.isIn('online'), made.directory.punished]).toEqual([true, 0]);
});

test('a name that becomes ours while the tunnel stands is told on it', () => {
  const made = online();
  const { session } = made.tunnel();
  const refused = [{ id: '0b4e0f0a-7d0f-4c59-9d3a-3f1a5f1d2c01', code: 'domain_taken' as const }];
  session.send({ type: 'config.applied', revision: 1, refused });
  made.clock.runFor(LATENCY_MS);
  expect(made.context()).toMatchObject({ ackedRevision: 1, refused });
  session.send({ type: 'config.applied', revision: 1, refused: [] });
  made.clock.runFor(LATENCY_MS);
  expect(made.context()).toMatchObject({ ackedRevision: 1, refused: [] });
});

test('changes while online supersede each other: only the newest follows, a stale one never', () => {
  const made = online();
  for (const revision of [2, 3, 5, 4])
    made.connection.send({ type: 'config.changed', config: { revision, mappings: [] } });
  made.clock.runFor(1_000);
  expect(made.directory.applied).toEqual([1, 2, 5]);
  expect([made.context().ackedRevision, state(made).context.revision]).toEqual([5, 5]);
});

test('an idle tunnel stays online for an hour: heartbeats keep it alive and the proof is renewed in place', () => {
  const made = online();
  made.clock.runFor(3_600_000);
  expect([made.tunnels.length, made.isIn({ online: 'lively' })]).toEqual([1, true]);
  expect(made.context().gateway.rttMs).toBe(2 * LATENCY_MS);
  expect(state(made).context.rttMs).toBe(2 * LATENCY_MS);
  const challenges = made.tunnel().pair.gateway.sent.filter(({ type }) => type === 'challenge');
  expect(challenges).toHaveLength(6);
  expect(made.directory.withdrawn).toEqual([]);
});

test('a gateway that retires is dialled again at once, and its running streams finish on the old wire', () => {
  const made = online();
  made.tunnel().pair.streams = 1;
  made.tunnel().session.send({ type: 'retire' });
  expect(made.directory.withdrawn).toEqual([[0, 'going_away']]);
  made.clock.runFor(LATENCY_MS);
  expect(made.tunnels.map(({ dialledMs }) => dialledMs)).toEqual([0, 1_000 + LATENCY_MS]);
  made.clock.runFor(7 * LATENCY_MS);
  expect([made.isIn('online'), made.context().alive]).toEqual([true, [1, 2]]);
  made.clock.runFor(10_000);
  expect(state(made, 0).status).toBe('active');
  made.tunnel(0).pair.streams = 0;
  made.clock.runFor(LATENCY_MS);
  expect([state(made, 0).status, made.context().alive, made.isIn('online')]).toEqual(['done', [2], true]);
});

test('an agent that stops says so, lets its streams finish, closes, and leaves nothing behind', () => {
  const made = online();
  made.tunnel().pair.streams = 1;
  made.connection.send({ type: 'stop' });
  made.clock.runFor(5_000);
  expect(made.directory.withdrawn).toEqual([[0, 'going_away']]);
  expect([made.isIn('stopping'), state(made).matches({ online: 'left' })]).toEqual([true, true]);
  made.tunnel().pair.streams = 0;
  made.clock.runFor(LATENCY_MS);
  expect([made.isIn('offline'), state(made).status]).toEqual([true, 'done']);
  expect(state(made).context.code).toBe('going_away');
  expect([made.clock.pending, made.tunnels.length]).toEqual([0, 1]);
});

test('both ends that leave at the same moment are gone within a round trip', () => {
  const made = online();
  made.tunnel().session.send({ type: 'retire' });
  made.connection.send({ type: 'stop' });
  made.clock.runFor(2 * LATENCY_MS);
  expect([made.isIn('offline'), state(made).status, made.clock.pending]).toEqual([true, 'done', 0]);
});

test('a half-open wire is dialled around within three seconds, and replaced by the wire that gets through', () => {
  const made = online();
  made.tunnel().pair.isSilent = true;
  made.clock.runFor(4_000);
  expect([made.isIn({ online: 'lively' }), made.context().current]).toEqual([true, 2]);
  made.clock.runFor(12_000);
  expect([state(made, 0).status, state(made, 0).context.code]).toEqual(['done', 'replaced']);
  expect([made.context().alive, made.tunnels.length]).toEqual([[2], 2]);
});

test('a tunnel that was replaced while it lived is drained by the gateway', () => {
  const made = online();
  made.connection.send({ type: 'reconnect' });
  made.clock.runFor(1_000);
  expect([made.isIn('online'), state(made, 0).context.code, state(made, 1).status]).toEqual([
    true,
    'redialled',
    'active',
  ]);
});

test('after an outage of any length the tunnel is online within five seconds of the network being back', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const made = online(seed);
    made.cut();
    made.clock.runFor(1_700 * seed);
    made.network.isDown = false;
    made.clock.runFor(5_000);
    expect([seed, made.isIn('online')]).toEqual([seed, true]);
  }
});

test('a dead peer is noticed within fifteen seconds at both ends', () => {
  const made = online();
  made.cut();
  made.clock.runFor(13_000);
  expect(state(made, 0).context.code).toBe('peer_silent');
  expect([made.isIn('trying'), made.context().alive.includes(1)]).toEqual([true, false]);
});
