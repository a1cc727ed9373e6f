// Owns the tests of the ports that Caddy could not listen on.

import { expect, test } from 'vitest';
import { RETRY_MS, TakenPorts } from '../../../services/gateway/takenPorts.ts';

const SAYS =
  'Caddy does not take it (status 400): loading new config: http app module: start: listening on :9000: listen tcp :9000: bind: address already in use';

test('a port that Caddy could not listen on is left out for a while, and known until it was found free', () => {
  const taken = new TakenPorts();
  expect(taken.learn(SAYS, 0)).toBe(true);
  taken.settle(RETRY_MS - 1);
  expect([[...taken.leftOut(RETRY_MS - 1)], [...taken.known]]).toEqual([[9_000], [9_000]]);
  expect([[...taken.leftOut(RETRY_MS)], [...taken.known]]).toEqual([[], [9_000]]);
  taken.settle(RETRY_MS);
  expect([...taken.known]).toEqual([]);
});

test('a port that is still taken when it is tried again is left out for as long', () => {
  const taken = new TakenPorts();
  taken.learn(SAYS, 0);
  expect(taken.learn(SAYS, RETRY_MS)).toBe(true);
  expect([...taken.leftOut(2 * RETRY_MS - 1)]).toEqual([9_000]);
});

test('a port of one address is learned as well', () => {
  const taken = new TakenPorts();
  expect(taken.learn('start: listening on [::1]:8443: listen tcp [::1]:8443: bind', 0)).toBe(true);
  expect([...taken.leftOut(0)]).toEqual([8_443]);
});

test('what is left out already, or says nothing of a port, teaches nothing', () => {
  const taken = new TakenPorts();
  taken.learn(SAYS, 0);
  expect(taken.learn(SAYS, 1)).toBe(false);
  expect(taken.learn('loading new config: unknown field "stream_close_delay"', 1)).toBe(false);
});
