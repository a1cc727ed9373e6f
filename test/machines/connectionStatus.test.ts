// Owns the tests of what a connection shows of itself and what it leaves running: its gateway, its errors, its timers.

import { describe, expect, test } from 'vitest';
import { connectionStatus } from '../../machines/connectionStatus.ts';
import { dialling, idle, online } from './connectionStage.ts';

test('before the first dial nothing is known of a gateway, and there is no error to show', () => {
  expect(connectionStatus(idle().context())).toEqual({
    attempt: 0,
    lastError: null,
    gateway: { version: '', host: null, rttMs: null },
    gatewayMachines: [],
    routes: null,
    config: { revision: 1, ackedRevision: null, errors: [] },
  });
});

test('what the gateway tells of its session is shown', () => {
  const { gateway, context } = online();
  gateway.wire().tell('online.fresh');
  expect(connectionStatus(context()).gatewayMachines).toEqual([
    { id: 'session.1', machine: 'session', state: 'online.fresh', sinceMs: 0, transitions: [] },
  ]);
});

test('a gateway that leaves is shown by its reason alone', () => {
  const { gateway, context } = online();
  gateway.wire().leave('going_away');
  expect(connectionStatus(context()).lastError).toEqual({ code: 'going_away', detail: '' });
});

test('dialling anew is shown as the reason, whatever was there before', () => {
  const { actor, context } = online();
  actor.send({ type: 'reconnect' });
  expect(connectionStatus(context()).lastError).toEqual({ code: 'redialled', detail: '' });
});

test('a connection that was refused waits for its next look and for nothing else', () => {
  const { gateway, isIn, clock } = dialling();
  gateway.wire().greet();
  gateway.wire().refuse('auth_failed');
  expect([isIn('rejected'), clock.pending]).toEqual([true, 1]);
});

describe('what the gateway tells of its session', () => {
  test('is not taken from a wire before it is online', () => {
    const { gateway, context } = dialling();
    gateway.wire().greet();
    gateway.wire().tell('online.fresh');
    expect(context().gatewayMachines).toEqual([]);
  });

  test.each<[string, (made: ReturnType<typeof online>) => void]>([
    ['ends', ({ gateway }) => gateway.wire().break()],
    ['is left by the gateway', ({ gateway }) => gateway.wire().leave()],
    ['is given up for a new dial', ({ actor }) => actor.send({ type: 'reconnect' })],
  ])('is forgotten when the wire %s', (_, end) => {
    const made = online();
    made.gateway.wire().tell('online.fresh');
    end(made);
    expect(made.context()).toMatchObject({ current: null, gatewayMachines: [] });
  });

  test('is forgotten when another wire takes over, and then the other’s counts', () => {
    const { gateway, context, clock } = online();
    gateway.wire(0).tell('online.fresh');
    clock.runUntil(3_500);
    gateway.wire(1).welcome();
    expect(context()).toMatchObject({ current: 2, gatewayMachines: [] });
    gateway.wire(1).tell('online.renewing');
    gateway.wire(0).tell('online.draining');
    expect(context().gatewayMachines).toMatchObject([{ state: 'online.renewing' }]);
  });
});

describe('what the gateway tells of routes', () => {
  const applied = { id: 'm', state: 'applied' as const, reason: '' };
  const taken = { id: 'm', state: 'conflict' as const, reason: 'Taken.' };

  test('is known from the moment the wire is online, and that there is nothing to tell too', () => {
    const shown = [[applied], []].map((routes) => {
      const { gateway, context } = dialling();
      gateway.wire().greet();
      gateway.wire().accept();
      gateway.wire().tellRoutes(...routes);
      expect(context().routes).toBeNull();
      gateway.wire().confirm(1);
      return connectionStatus(context()).routes;
    });
    expect(shown).toEqual([new Map([['m', applied]]), new Map()]);
  });

  test('is silence where it was never told', () => {
    expect(online().context().routes).toBeNull();
  });

  test('is forgotten with its wire, and then the other’s counts', () => {
    const { gateway, context, clock } = online();
    gateway.wire(0).tellRoutes(applied);
    clock.runUntil(3_500);
    gateway.wire(1).welcome();
    expect(context()).toMatchObject({ current: 2, routes: null });
    gateway.wire(1).tellRoutes(taken);
    gateway.wire(0).tellRoutes(applied);
    expect(context().routes).toEqual(new Map([['m', taken]]));
    gateway.wire(1).break();
    expect(context()).toMatchObject({ current: null, routes: null });
  });
});
