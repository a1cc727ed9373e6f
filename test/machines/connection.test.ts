// Owns the tests of the agent's connection: when it dials, which wire it keeps, and when it waits.

import { describe, expect, test } from 'vitest';
import { connectionMachine } from '../../machines/connection.ts';
import { connectionStatus } from '../../machines/connectionStatus.ts';
import { fixedRandom } from '../simulation/seededRandom.ts';
import { arrived } from './arrived.ts';
import * as stages from './connectionStage.ts';
import { DRAIN_MS } from './connectionStage.ts';
import { TransitionCoverage } from './coverage.ts';
import type { LinkCall } from './recordingLink.ts';

const coverage = new TransitionCoverage(connectionMachine);
const idle = () => stages.idle(coverage.inspect);
const dialling = (draw?: number) =>
  stages.dialling(coverage.inspect, draw === undefined ? undefined : fixedRandom(draw));
const online = () => stages.online(coverage.inspect);
const closed = (code: 'replaced' | 'redialled' | 'stopped' | 'dial_timeout'): LinkCall[] => [
  { do: 'close', code, detail: '' },
];

describe('dialling', () => {
  test('nothing is dialled before the start, then at once', () => {
    const { clock, gateway, actor, isIn } = idle();
    clock.runFor(60_000);
    actor.send({ type: 'stop' });
    expect([gateway.wires.length, clock.pending, isIn('offline')]).toEqual([0, 0, true]);
    actor.send({ type: 'start' });
    clock.settle();
    expect([gateway.dialledMs, isIn({ trying: 'dialing' })]).toEqual([[60_000], true]);
  });

  test('goes through authenticating and syncing to online, and nothing is left to wait for but heartbeats', () => {
    const { gateway, isIn, context, clock } = dialling();
    gateway.wire().greet();
    expect(isIn({ trying: 'authenticating' })).toBe(true);
    gateway.wire().accept();
    expect(isIn({ trying: 'syncing' })).toBe(true);
    const refused = [{ id: '0b4e0f0a-7d0f-4c59-9d3a-3f1a5f1d2c01', code: 'domain_taken' as const }];
    gateway.wire().confirm(1, refused);
    expect(isIn({ online: 'lively' })).toBe(true);
    expect(context()).toMatchObject({ current: 1, dialling: [], dials: 0, lastError: null });
    expect(connectionStatus(context())).toEqual({
      attempt: 1,
      lastError: null,
      gateway: { version: '9.9', host: 'gw.example.com', rttMs: null },
      gatewayMachines: [],
      routes: null,
      config: { revision: 1, ackedRevision: 1, errors: refused },
    });
    expect(clock.pending).toBe(1);
  });

  test('a slow dial gets company after two and a half to three seconds, and at most two companions', () => {
    const { clock, gateway, context } = dialling(0.5);
    clock.runUntil(8_249);
    expect([gateway.dialledMs, context().dialling]).toEqual([
      [0, 2_750, 5_500],
      [1, 2, 3],
    ]);
    expect(gateway.wires.flatMap((wire) => wire.calls())).toEqual([]);
  });

  test('a fourth dial takes the place of the oldest, and its time-out is the reason to show', () => {
    const { clock, gateway, isIn, context, attempts } = dialling(0.5);
    for (const [dueMs, oldest] of [
      [8_250, 0],
      [11_000, 1],
      [13_750, 2],
    ] as const) {
      clock.runUntil(dueMs - 1);
      expect(gateway.wire(oldest).calls()).toEqual([]);
      clock.runUntil(dueMs);
      expect(gateway.wire(oldest).calls()).toEqual(closed('dial_timeout'));
      const rest = [oldest + 2, oldest + 3, oldest + 4];
      const lastError = { code: 'dial_timeout', detail: '' };
      expect(context()).toMatchObject({ dialling: rest, alive: rest, lastError });
      expect(attempts()).toEqual(rest.map((attempt) => `attempt.${attempt}`));
    }
    expect(gateway.dialledMs).toEqual([0, 2_750, 5_500, 8_250, 11_000, 13_750]);
    gateway.wire().welcome();
    expect([isIn('online'), context().current]).toEqual([true, 6]);
  });

  test('a dropped dial does not hide why another failed before, and its progress is not shown any more', () => {
    const { clock, gateway, isIn, context } = dialling(0.5);
    clock.runUntil(3_000);
    gateway.wire(0).greet();
    gateway.wire(0).accept();
    gateway.wire(1).break('dial_failed', 'refused');
    gateway.wire(0).confirm(0);
    clock.runUntil(8_249);
    gateway.wire(0).received += 1;
    gateway.wire(2).greet();
    expect(context().dialling).toEqual([1, 3]);
    clock.runUntil(11_000);
    expect(gateway.wire(0).calls().at(-1)).toEqual(closed('dial_timeout')[0]);
    expect([context().dialling, isIn({ trying: 'dialing' })]).toEqual([[3, 4, 5], true]);
    expect(context().lastError).toEqual({ code: 'dial_failed', detail: 'refused' });
  });

  test('the first that is online wins: the others are dropped, and that is no error to show', () => {
    const { clock, gateway, isIn, context, attempts } = dialling();
    clock.runUntil(6_000);
    gateway.wire(1).welcome();
    expect(isIn('online')).toBe(true);
    expect([gateway.wire(0).calls(), gateway.wire(2).calls()]).toEqual([
      closed('replaced'),
      closed('replaced'),
    ]);
    expect(context()).toMatchObject({ current: 2, alive: [2], dialling: [], lastError: null });
    expect(attempts()).toEqual(['attempt.2']);
  });

  test('the state follows the dial that got furthest, and starts over when one fails', () => {
    const { clock, gateway, isIn, context } = dialling();
    clock.runUntil(3_000);
    gateway.wire(0).greet();
    gateway.wire(0).accept();
    gateway.wire(1).gatewayVersion = '9.10';
    gateway.wire(1).greet();
    expect(isIn({ trying: 'syncing' })).toBe(true);
    gateway.wire(0).break();
    expect(isIn({ trying: 'dialing' })).toBe(true);
    gateway.wire(1).accept();
    expect([isIn({ trying: 'syncing' }), context().gateway.version]).toEqual([true, '9.10']);
  });

  test('a dial that fails is followed by another after a rest that grows', () => {
    const { clock, gateway, isIn, context } = dialling(0.5);
    for (const _ of [1, 2, 3, 4, 5]) {
      gateway.wire().break('dial_failed', 'refused');
      expect(isIn('waiting')).toBe(true);
      expect(context().lastError).toEqual({ code: 'dial_failed', detail: 'refused' });
      clock.runNext();
    }
    expect(gateway.dialledMs).toEqual([0, 250, 750, 1_750, 3_250, 4_750]);
  });

  test('being online once makes the rests short again', () => {
    const { clock, gateway } = dialling(0.5);
    for (const _ of [1, 2, 3, 4, 5]) {
      gateway.wire().break('dial_failed');
      clock.runNext();
    }
    gateway.wire().welcome();
    gateway.wire().break();
    const lostMs = clock.nowMs();
    clock.runFor(125);
    expect(gateway.dialledMs.at(-1)).toBe(lostMs + 125);
  });
});

test('a wire that gets online with our question still open is doubtful from its first moment', () => {
  const { clock, gateway, isIn } = dialling(0.5);
  gateway.wire(0).greet();
  clock.runUntil(4_000);
  gateway.wire(0).accept();
  gateway.wire(0).confirm(1);
  expect([isIn({ online: 'doubtful' }), gateway.dialledMs]).toEqual([true, [0, 2_750, 4_000]]);
});

describe('a refusal', () => {
  test.each([
    [0, 48_000],
    [0.5, 60_000],
    [1 - 2 ** -32, 72_000],
  ])(
    'is shown with its reason and looked at again after a minute, give or take (draw %d)',
    (draw, waitMs) => {
      const { clock, gateway, isIn, context } = dialling(draw);
      gateway.wire().greet();
      gateway.wire().refuse('auth_failed');
      expect([isIn('rejected'), context().lastError]).toEqual([true, { code: 'auth_failed', detail: '' }]);
      clock.runUntil(Math.floor(waitMs) - 1);
      expect(gateway.wires).toHaveLength(1);
      clock.runUntil(waitMs);
      expect([gateway.wires.length, isIn('trying')]).toEqual([2, true]);
    },
  );

  test('ends the other dials, whose end does not hide the reason', () => {
    const { clock, gateway, isIn, context, attempts } = dialling();
    clock.runUntil(3_000);
    gateway.wire(0).greet();
    gateway.wire(0).refuse('duplicate_agent');
    expect(isIn('rejected')).toBe(true);
    expect(gateway.wire(1).calls()).toEqual(closed('replaced'));
    expect(context()).toMatchObject({ alive: [], dialling: [], lastError: { code: 'duplicate_agent' } });
    expect(attempts()).toEqual([]);
  });

  test('duplicate_agent is looked at again soon the first time, then as slowly as any other', () => {
    const { clock, gateway, actor, isIn } = dialling(0.5);
    const refuse = () => {
      gateway.wire().greet();
      gateway.wire().refuse('duplicate_agent');
    };
    const restsFor = (waitMs: number) => {
      clock.runFor(waitMs - 1);
      expect(isIn('rejected')).toBe(true);
      clock.runFor(1);
      expect(isIn('trying')).toBe(true);
    };
    refuse();
    restsFor(3_000);
    refuse();
    restsFor(60_000);
    actor.send({ type: 'reconnect' });
    clock.settle();
    refuse();
    restsFor(3_000);
    gateway.wire().welcome();
    gateway.wire().break();
    clock.runFor(125);
    refuse();
    restsFor(3_000);
  });
});

test('the round trip of the current wire is shown', () => {
  const { clock, gateway, context } = online();
  clock.runUntil(40);
  gateway.wire().arrives(arrived({ type: 'heartbeat_ack', timestamp: 10 }));
  expect(context().gateway.rttMs).toBe(30);
});

test('a config that changes is told on every wire, and to every later one', () => {
  const { clock, gateway, actor, context } = online();
  clock.runUntil(3_000);
  actor.send({ type: 'config.changed', config: { revision: 2, mappings: [] } });
  expect(gateway.wire(0).sent().at(-1)).toMatchObject({ type: 'config_sync', revision: 2 });
  gateway.wire(0).confirm(2);
  expect(context().ackedRevision).toBe(2);
  gateway.wire(1).greet();
  gateway.wire(1).accept();
  expect(gateway.wire(1).sent().at(-1)).toMatchObject({ type: 'config_sync', revision: 2 });
  clock.runUntil(7_000);
  gateway.wire(2).greet();
  gateway.wire(2).accept();
  expect(gateway.wire(2).sent().at(-1)).toMatchObject({ type: 'config_sync', revision: 2 });
});

describe('on request', () => {
  const places = {
    offline: idle,
    waiting: () => {
      const made = dialling();
      made.gateway.wire().break('dial_failed');
      return made;
    },
    trying: dialling,
    online,
    rejected: () => {
      const made = dialling();
      made.gateway.wire().greet();
      made.gateway.wire().refuse('auth_failed');
      return made;
    },
  } as const;
  const names = ['offline', 'waiting', 'trying', 'online', 'rejected'] as const;

  test.each(names.filter((name) => name !== 'offline'))(
    'it drops what there is and dials now: from %s',
    (name) => {
      const { clock, gateway, actor, isIn, context, attempts } = places[name]();
      expect(isIn(name)).toBe(true);
      const before = gateway.wires.length;
      const isOpen = context().alive.length > 0;
      actor.send({ type: 'reconnect' });
      if (isOpen) {
        expect(gateway.wire(0).calls()).toEqual(closed('redialled'));
        expect(context().lastError?.code).toBe('redialled');
      }
      clock.settle();
      expect([gateway.wires.length, isIn('trying')]).toEqual([before + 1, true]);
      expect(attempts()).toEqual([`attempt.${before + 1}`]);
      expect(context()).toMatchObject({ current: null, dialling: [before + 1], dials: 1 });
    },
  );

  test('it does not dial before the first config is there: an empty one would withdraw every name', () => {
    const { clock, gateway, actor, isIn } = idle();
    actor.send({ type: 'reconnect' });
    clock.settle();
    expect([isIn('offline'), gateway.wires.length]).toEqual([true, 0]);
  });

  test.each(names)('it stops with nothing left, from %s', (name) => {
    const { clock, gateway, actor, isIn, attempts } = places[name]();
    actor.send({ type: 'stop' });
    if (name === 'online') {
      expect(gateway.wire().calls()).toEqual([{ do: 'drain', reason: 'going_away', retryAfterMs: 0 }]);
      expect(isIn('stopping')).toBe(true);
      gateway.wire().break('going_away');
    }
    expect([isIn('offline'), clock.pending, attempts()]).toEqual([true, 0, []]);
  });

  test('while it stops, nothing but the drain counts, and a dial that is nearly online ends at once', () => {
    const { clock, gateway, actor, isIn } = online();
    clock.runUntil(3_000);
    gateway.wire(1).greet();
    actor.send({ type: 'stop' });
    clock.runUntil(4_000);
    actor.send({ type: 'stop' });
    actor.send({ type: 'reconnect' });
    actor.send({ type: 'attempt.online', attempt: 2, routes: null });
    expect([isIn('stopping'), gateway.wire(1).calls().at(-1)]).toEqual([true, ...closed('stopped')]);
    clock.runUntil(3_000 + DRAIN_MS - 1);
    expect(isIn('stopping')).toBe(true);
    clock.runUntil(3_000 + DRAIN_MS);
    expect([isIn('offline'), clock.pending, gateway.wires.length]).toEqual([true, 0, 2]);
  });
});

test('what the gateway tells of its session is kept, the newest of the current wire', () => {
  const { gateway, context } = online();
  gateway.wire().tell('online.fresh');
  gateway.wire().tell('online.renewing');
  expect(context().gatewayMachines).toMatchObject([{ id: 'session.1', state: 'online.renewing' }]);
});

test('what the gateway tells of routes is kept by mapping, as the current wire has told it', () => {
  const { gateway, context } = online();
  gateway.wire().tellRoutes({ id: 'm', state: 'failed', reason: 'No.' });
  gateway.wire().tellRoutes({ id: 'n', state: 'applied', reason: '' });
  expect([...(context().routes?.values() ?? [])]).toEqual([
    { id: 'm', state: 'failed', reason: 'No.' },
    { id: 'n', state: 'applied', reason: '' },
  ]);
});

test('every transition outside of online was taken', () => {
  expect(coverage.missingOf(/^connection(?!\.online|\.trying attempt\.ended \[0\])/)).toEqual([]);
});
