// Owns the tests of the ports that Caddy could not listen on.

import { expect, test } from 'vitest';
import { TAKEN_MS, TakenPorts } from '../../../services/gateway/takenPorts.ts';

const SAYS =
  'Caddy does not take it (status 400): loading new config: http app module: start: listening on :9000: listen tcp :9000: bind: address already in use';

test('a port that Caddy could not listen on is taken for a while', () => {
  const taken = new TakenPorts();
  expect(taken.learn(SAYS, 0)).toBe(true);
  expect([...taken.current(TAKEN_MS - 1)]).toEqual([9_000]);
  expect([...taken.current(TAKEN_MS)]).toEqual([]);
});

test('a port of one address is learned as well', () => {
  const taken = new TakenPorts();
  expect(taken.learn('start: listening on [::1]:8443: listen tcp [::1]:8443: bind', 0)).toBe(true);
  expect([...taken.current(0)]).toEqual([8_443]);
});

test('so is one that Caddy has no right to', () => {
  const taken = new TakenPorts();
  expect(taken.learn('start: listening on :81: listen tcp :81: bind: permission denied', 0)).toBe(true);
  expect([...taken.current(0)]).toEqual([81]);
});

test('what is known already, or says nothing of a port, teaches nothing', () => {
  const taken = new TakenPorts();
  taken.learn(SAYS, 0);
  expect(taken.learn(SAYS, 1)).toBe(false);
  expect(taken.learn('loading new config: unknown field "stream_close_delay"', 1)).toBe(false);
});
