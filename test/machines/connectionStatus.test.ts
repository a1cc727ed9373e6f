// Owns the tests of what a connection shows of itself: the gateway it knows and the last reason it was without one.

import { expect, test } from 'vitest';
import { connectionStatus } from '../../machines/connection.ts';
import { idle, online } from './connectionStage.ts';

test('before the first dial nothing is known of a gateway, and there is no error to show', () => {
  expect(connectionStatus(idle().context())).toEqual({
    attempt: 0,
    lastError: null,
    gateway: { version: '', host: null, rttMs: null },
    config: { revision: 1, ackedRevision: null, errors: [] },
  });
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

test('a first dial asked for while offline replaces nothing, so there is no error to show', () => {
  const { actor, clock, gateway, context } = idle();
  actor.send({ type: 'reconnect' });
  clock.settle();
  expect([gateway.wires.length, connectionStatus(context()).lastError]).toEqual([1, null]);
});
