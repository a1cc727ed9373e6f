// Owns the tests of what a gateway tells an agent of itself: its own session only, soon, and never in a flood.

import { describe, expect, test } from 'vitest';
import { STATUS_GAP_MS } from '../../../protocol/limits.ts';
import { RENEW_AFTER_MS } from '../../../machines/session.ts';
import { SessionStatus } from '../../../services/gateway/sessionStatus.ts';
import type { ActorView } from '../../../services/actors.ts';
import type { ControlOf } from '../../../protocol/control.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { LATENCY_MS, mappingsOf, tunnelsStage } from './tunnelsStage.ts';

describe('an agent', () => {
  test('is told of its own session and of no other', () => {
    const { online } = tunnelsStage();
    const agents = [online('a'), online('b')];
    const told = agents.map((agent) => agent.context().gatewayMachines);
    expect(told.map((machines) => machines.map(({ id, machine, state }) => [id, machine, state]))).toEqual([
      [
        ['session.1', 'session', 'online.fresh'],
        ['session.1/heartbeat', 'heartbeat', 'lively'],
      ],
      [
        ['session.2', 'session', 'online.fresh'],
        ['session.2/heartbeat', 'heartbeat', 'lively'],
      ],
    ]);
  });

  test('is told nothing before it is online, then once, with what led there in plain names', () => {
    const { clock, played } = tunnelsStage();
    const agent = played('192.0.2.9');
    agent.auth();
    clock.runFor(10);
    expect(agent.all('gateway_status')).toEqual([]);
    agent.sync(1, mappingsOf(['a']));
    clock.runFor(10);
    const [session] = agent.all('gateway_status').flatMap(({ machines }) => machines);
    expect(agent.all('gateway_status')).toHaveLength(1);
    expect(session?.transitions.map(({ event, to }) => [event, to])).toEqual([
      ['done: admission', 'handshaking.syncing'],
      ['config.applied', 'online.fresh'],
    ]);
  });

  test('that is idle and well hears nothing more: heartbeats come and go untold', () => {
    const { clock, online } = tunnelsStage();
    const agent = online('a');
    const [first] = agent.context().gatewayMachines;
    clock.runFor(120_000);
    expect(agent.isIn('online')).toBe(true);
    expect(agent.context().gatewayMachines[0]).toBe(first);
  });

  test('is told of a renewal while it lasts, and of its end', () => {
    const { clock, played } = tunnelsStage();
    const agent = played('192.0.2.9');
    agent.auth();
    clock.runFor(10);
    agent.sync(1, mappingsOf(['a']));
    for (let ms = 0; ms <= RENEW_AFTER_MS + 1_000; ms += 500) {
      agent.say({ type: 'heartbeat_ack', timestamp: 0 });
      clock.runFor(500);
    }
    const states = agent.all('gateway_status').map(({ machines }) => machines.map(({ state }) => state));
    expect(states.slice(0, 2)).toEqual([
      ['online.fresh', 'lively'],
      ['online.renewing', 'lively', 'awaitingAuth'],
    ]);
  });

  test('is told nothing once either end leaves', () => {
    const { clock, online, played, tunnels } = tunnelsStage();
    const agent = played('192.0.2.9');
    agent.auth();
    clock.runFor(10);
    agent.sync(1, mappingsOf(['a']));
    clock.runFor(10);
    agent.say({ type: 'goaway', reason: 'going_away', lastStreamId: 0, retryAfterMs: 0 });
    clock.runFor(1_000);
    expect(agent.all('gateway_status')).toHaveLength(1);
    const other = online('b');
    tunnels.drain(() => {});
    clock.runFor(LATENCY_MS + 1);
    expect(other.context().gatewayMachines).toEqual([]);
  });

  test('is told of the gateway’s own actors behind its session, whoever else is, and when one has moved', () => {
    const { clock, online, moveCommon } = tunnelsStage();
    const early = online('a');
    const reconciler = { id: 'reconciler', machine: 'reconciler', sinceMs: 0, transitions: [] };
    moveCommon({ ...reconciler, state: 'resting' });
    clock.runFor(2_000);
    const late = online('b');
    for (const agent of [early, late])
      expect(
        agent
          .context()
          .gatewayMachines.map(({ id, state }) => [id, state])
          .at(-1),
      ).toEqual(['reconciler', 'resting']);
    moveCommon({ ...reconciler, state: 'settled' });
    clock.runFor(2_000);
    for (const agent of [early, late])
      expect(
        agent
          .context()
          .gatewayMachines.map(({ state }) => state)
          .at(-1),
      ).toBe('settled');
  });

  test('that vanishes leaves no timer behind', () => {
    const { clock, played } = tunnelsStage();
    const agent = played('192.0.2.9');
    agent.auth();
    clock.runFor(10);
    agent.sync(1, []);
    clock.runFor(2_010);
    agent.terminate();
    clock.settle();
    expect(clock.pending).toBe(0);
  });
});

describe('what moves', () => {
  test('several times in one tick is told once, as it is at the end', () => {
    const { told, move, clock } = alone();
    move('handshaking.syncing');
    move('online.fresh');
    expect([told(), clock.pending]).toEqual([[], 1]);
    clock.settle();
    expect(told()).toEqual([[0, 'online.fresh', 'lively']]);
  });

  test('fast is told no more often than the gap allows, and the last state always', () => {
    const { told, move, clock } = alone();
    for (let ms = 0; ms < 1_000; ms += 10) {
      move(`online.${ms}`);
      clock.runFor(10);
    }
    clock.runFor(STATUS_GAP_MS);
    const times = told().map(([atMs]) => Number(atMs));
    expect(told().at(-1)).toContain('online.990');
    expect(times.length).toBeLessThanOrEqual(1_000 / STATUS_GAP_MS + 1);
    for (const [at, atMs] of times.slice(1).entries())
      expect(atMs - (times[at] ?? 0)).toBeGreaterThanOrEqual(STATUS_GAP_MS);
  });

  test('below the session is told once it has lasted a second, with a later move of the session at once', () => {
    const { told, move, clock } = alone();
    move('online.fresh');
    clock.runFor(5_000);
    move('online.fresh', 'silent.waiting');
    clock.runFor(999);
    expect(told()).toHaveLength(1);
    clock.runFor(1);
    expect(told().at(-1)).toEqual([6_000, 'online.fresh', 'silent.waiting']);
    clock.runFor(5_000);
    move('online.fresh', 'lively');
    clock.runFor(500);
    move('online.renewing', 'lively');
    clock.settle();
    expect(told().at(-1)).toEqual([11_500, 'online.renewing', 'lively']);
    clock.runFor(5_000);
    expect([told().length, clock.pending]).toEqual([3, 0]);
  });

  test('and moves back before it is told is not told', () => {
    const { told, move, clock } = alone();
    move('online.fresh');
    clock.runFor(5_000);
    move('online.fresh', 'quiet.waiting');
    clock.runFor(500);
    move('online.fresh', 'lively');
    clock.runFor(5_000);
    expect(told()).toHaveLength(1);
  });

  test('after the end is nobody’s business', () => {
    const { told, move, clock, status } = alone();
    move('online.fresh');
    clock.runFor(5_000);
    move('online.fresh', 'silent.waiting');
    clock.settle();
    move('online.renewing');
    status.stop();
    move('closed');
    clock.runFor(5_000);
    expect([told().length, clock.pending]).toEqual([1, 0]);
  });

  test('in the tick of the end is nobody’s business either', () => {
    const { told, move, clock, status } = alone();
    move('online.fresh');
    clock.settle();
    move('online.renewing');
    status.stop();
    clock.settle();
    expect([told().length, clock.pending]).toEqual([1, 0]);
  });

  test('with names and a past too long for the wire is cut to what it takes', () => {
    const { move, clock, messages } = alone();
    move('online.'.repeat(100));
    clock.settle();
    const [session] = messages.flatMap(({ machines }) => machines);
    expect([session?.state.length, session?.transitions.length, session?.transitions.at(-1)?.atMs]).toEqual([
      128, 10, 29,
    ]);
  });
});

/** The status of a session that exists in its views alone. */
function alone() {
  const clock = new SimulatedClock();
  const messages: (ControlOf<'gateway_status'> & { atMs: number })[] = [];
  let family: ActorView[] = [];
  const status = new SessionStatus({
    clock,
    schedule: (flush) => clock.post(flush),
    family: () => family,
    isServing: () => family[0]?.state.startsWith('online') === true,
    send: (message) => messages.push({ ...message, atMs: clock.nowMs() }),
  });
  const transitions = Array.from({ length: 30 }, (_, atMs) => ({ event: 'moved', from: 'a', to: 'b', atMs }));
  return {
    clock,
    status,
    messages,
    told: () => messages.map(({ atMs, machines }) => [atMs, ...machines.map(({ state }) => state)]),
    move: (own: string, below = 'lively') => {
      family = [
        { id: 'session.1', machine: 'session', state: own, sinceMs: 0, transitions },
        { id: 'session.1/heartbeat', machine: 'heartbeat', state: below, sinceMs: 0, transitions },
      ];
      status.onMoved();
    },
  };
}
