// Owns the tests of what a connection shows of itself and what it leaves running: its gateway, its errors, its timers.

import { expect, test } from 'vitest';
import { connectionStatus } from '../../machines/connection.ts';
import { dialling, idle, online } from './connectionStage.ts';

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

test('a connection that was refused waits for its next look and for nothing else', () => {
  const { gateway, isIn, clock } = dialling();
  gateway.wire().greet();
  gateway.wire().refuse('auth_failed');
  expect([isIn('rejected'), clock.pending]).toEqual([true, 1]);
});
