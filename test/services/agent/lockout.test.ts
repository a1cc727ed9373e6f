// Owns the tests of who has to wait after failed logins, for how long, and who does not.

import { expect, test } from 'vitest';
import { createLockout } from '../../../services/agent/lockout.ts';

const MINUTE_MS = 60_000;

/** An address that failed `times`, once a second from 0 on. */
function failed(times: number, address = '192.0.2.1') {
  const lockout = createLockout();
  const verdicts = Array.from({ length: times }, (_, n) => lockout.punish(address, n * 1_000));
  return { lockout, verdicts };
}

test('the fifth failure in a minute is the one after which the address waits', () => {
  expect(failed(5).verdicts).toEqual([false, false, false, false, true]);
  expect(failed(4).lockout.waitSeconds('192.0.2.1', 4_000)).toBe(0);
  expect(failed(5).lockout.waitSeconds('192.0.2.1', 4_000)).toBe(56);
});

test('it waits until the oldest of the five is a minute old, in whole seconds, and may then try once', () => {
  const { lockout } = failed(5);
  expect(lockout.waitSeconds('192.0.2.1', 4_001)).toBe(56);
  expect(lockout.waitSeconds('192.0.2.1', MINUTE_MS - 1)).toBe(1);
  expect(lockout.waitSeconds('192.0.2.1', MINUTE_MS)).toBe(0);
  expect(lockout.punish('192.0.2.1', MINUTE_MS)).toBe(true);
  expect(lockout.waitSeconds('192.0.2.1', MINUTE_MS)).toBe(1);
});

test('failures more than a minute apart are no reason to wait', () => {
  const lockout = createLockout();
  for (let n = 0; n < 20; n += 1) lockout.punish('192.0.2.1', n * (MINUTE_MS / 4));
  expect(lockout.waitSeconds('192.0.2.1', 19 * (MINUTE_MS / 4))).toBe(0);
});

test('a success forgets the failures of its address, and of no other', () => {
  const { lockout } = failed(4);
  for (let n = 0; n < 4; n += 1) lockout.punish('192.0.2.2', 4_000);
  lockout.forgive('192.0.2.1');
  lockout.punish('192.0.2.1', 4_000);
  lockout.punish('192.0.2.2', 4_000);
  expect(['192.0.2.1', '192.0.2.2'].map((address) => lockout.waitSeconds(address, 4_000))).toEqual([0, 60]);
});

test.each([
  ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', true],
  ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
  ['::ffff:192.0.2.1', '192.0.2.1', true],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
  ['192.0.2.1', '192.0.2.2', false],
  ['fe80::1%eth0', 'fe80::2%eth0', true],
  ['', '192.0.2.1', false],
])('when %s has to wait, %s has to as well: %s', (address, other, isSo) => {
  expect(failed(5, address).lockout.waitSeconds(other, 4_000) > 0).toBe(isSo);
});

test('of more than ten thousand addresses the longest silent is forgotten first', () => {
  const { lockout } = failed(4, '198.51.100.1');
  for (let n = 0; n < 5; n += 1) lockout.punish('198.51.100.2', 10_000);
  for (let n = 0; n < 9_998; n += 1) lockout.punish(`10.0.${n >> 8}.${n & 255}`, 10_000);
  expect(lockout.waitSeconds('198.51.100.2', 10_000)).toBe(60);
  lockout.punish('198.51.100.1', 10_000);
  lockout.punish('10.1.0.0', 10_000);
  expect(['198.51.100.1', '198.51.100.2'].map((address) => lockout.waitSeconds(address, 10_000))).toEqual([
    50, 0,
  ]);
});
