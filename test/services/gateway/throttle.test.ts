// Owns the tests of how whoever guesses secrets is slowed down.

import { expect, test } from 'vitest';
import { createThrottle } from '../../../services/gateway/throttle.ts';

const MINUTE_MS = 60_000;

/** An address that failed `times`, once a second from 0 on. */
function failed(times: number, address = 'here') {
  const throttle = createThrottle();
  const verdicts = Array.from({ length: times }, (_, n) => throttle.punish(address, n * 1_000));
  return { throttle, verdicts };
}

test('nine failures in a minute are answered at once, ten are held back for three seconds', () => {
  expect(failed(0).throttle.delayMs('here', 0)).toBe(0);
  expect(failed(9).throttle.delayMs('here', 9_000)).toBe(0);
  expect(failed(10).throttle.delayMs('here', 9_000)).toBe(3_000);
  expect(failed(500).throttle.delayMs('here', 500_000)).toBe(3_000);
});

test('only the first ten failures in a minute are worth telling', () => {
  const { throttle, verdicts } = failed(30);
  expect(verdicts.map((isNews, at) => (isNews ? at : -1)).filter((at) => at >= 0)).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  ]);
  expect(throttle.punish('here', 30_000 + MINUTE_MS)).toBe(true);
});

test('a failure is forgotten after a minute', () => {
  const { throttle } = failed(10);
  expect(throttle.delayMs('here', MINUTE_MS - 1)).toBe(3_000);
  expect(throttle.delayMs('here', MINUTE_MS)).toBe(0);
  throttle.punish('here', MINUTE_MS);
  expect(throttle.delayMs('here', MINUTE_MS)).toBe(3_000);
});

test('other addresses are not held back', () => {
  expect(failed(10).throttle.delayMs('there', 9_000)).toBe(0);
});

test('of more than ten thousand addresses the longest silent is forgotten first', () => {
  const { throttle } = failed(10, 'busy');
  for (let n = 0; n < 10; n += 1) throttle.punish('silent', 10_000);
  for (let n = 0; n < 9_998; n += 1) throttle.punish(`other ${n}`, 10_000);
  expect(throttle.delayMs('silent', 10_000)).toBe(3_000);
  throttle.punish('busy', 10_000);
  throttle.punish('one more', 10_000);
  expect([throttle.delayMs('silent', 10_000), throttle.delayMs('busy', 10_000)]).toEqual([0, 3_000]);
});
