// Owns the test of the uptime strip: how much of each day the tunnel was online, and how that is said.

import { expect, test } from 'vitest';
import {
  gapBeforeMs,
  lastDayStarts,
  shareOf,
  uptimeByDay,
  type Session,
} from '../../ui/pages/connections/uptime.ts';
import { sayDay, sayUptime, wordsOfDay } from '../../ui/pages/connections/uptimeWords.ts';
import { wordsOfEnd } from '../../ui/words/disconnectWords.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** In whatever zone the test runs. */
const FIRST_MS = new Date(2026, 0, 10).getTime();
const DAYS = [FIRST_MS, FIRST_MS + DAY_MS, FIRST_MS + 2 * DAY_MS];
const NOW_MS = FIRST_MS + 2 * DAY_MS + 12 * HOUR_MS;

test('a day counts what was online of it, today until now', () => {
  const sessions = [session(36, null), session(6, 30)];
  const days = uptimeByDay(sessions, DAYS, FIRST_MS, NOW_MS);
  expect(days.map(({ share }) => share)).toEqual([0.75, 0.75, 1]);
  expect(days.map(({ endings }) => endings)).toEqual([0, 1, 0]);
  expect(days[2]?.knownMs).toBe(12 * HOUR_MS);
  expect(shareOf(days)).toBeCloseTo(48 / 60);
});

test('what was before the first session is not known, and no outage', () => {
  const days = uptimeByDay([session(36, null)], DAYS, FIRST_MS + 36 * HOUR_MS, NOW_MS);
  expect(days.map(({ share }) => share)).toEqual([null, 1, 1]);
  expect(shareOf(days)).toBe(1);
  expect(wordsOfDay(day(days, 0)).says).toMatch(/not known/);
});

test('nothing is known of a log without sessions', () => {
  const days = uptimeByDay([], DAYS, null, NOW_MS);
  expect(days.map(({ share }) => share)).toEqual([null, null, null]);
  expect(shareOf(days)).toBeNull();
});

test('two tunnels at the same time are online once', () => {
  const days = uptimeByDay([session(6, 18), session(0, 12)], DAYS.slice(0, 1), FIRST_MS, FIRST_MS + DAY_MS);
  expect(days[0]?.share).toBe(0.75);
});

test('an end that nobody saw makes the share the most it can have been', () => {
  const days = uptimeByDay([session(0, 12, null)], DAYS, FIRST_MS, NOW_MS);
  expect(wordsOfDay(day(days, 0)).says).toMatch(
    /at most 50\.0\s% online, offline for at least 12\sh; 1 session ended/,
  );
  expect(days[1]?.isAtMost).toBe(false);
});

test('the last days begin at midnight of the reader, across a change of the clock as well', () => {
  for (const nowMs of [new Date(2026, 2, 30, 13).getTime(), new Date(2026, 10, 2, 1).getTime()]) {
    const starts = lastDayStarts(nowMs, 30).map((startMs) => new Date(startMs));
    expect(starts.length).toBe(30);
    expect(starts.every((start) => start.getHours() === 0 && start.getMinutes() === 0)).toBe(true);
    expect(starts.at(-1)?.getDate()).toBe(new Date(nowMs).getDate());
  }
});

test.each([
  [1, '100 %'],
  [0.999999, '99.99 %'],
  [0.9995, '99.95 %'],
  [0.5, '50.0 %'],
  [0.00001, '0.01 %'],
  [0, '0 %'],
])('a share of %d is said as %s', (share, words) => {
  expect(sayUptime(share)).toBe(words);
});

test('a day is told by its name', () => {
  expect(sayDay(FIRST_MS)).toBe('Sat 10 Jan');
});

test('the time without a tunnel before a session is told where it is known', () => {
  const sessions = [session(36, null), session(6, 30), session(0, 6)];
  expect(sessions.map((_, index) => gapBeforeMs(sessions, index))).toEqual([6 * HOUR_MS, 0, null]);
});

test.each([
  ['going_away', 'off', /gateway was shut down/],
  ['wire_closed', 'bad', /connection to the gateway broke/],
  ['peer_silent', 'bad', /Nothing was heard/],
  ['stopped', 'off', /agent was stopped/],
  ['auth_expired', 'bad', /not renewed/],
  ['of_a_newer_agent', 'bad', /does not know/],
  [null, 'warn', /not known/],
])('an end by %s is %s', (disconnectReason, tone, says) => {
  const words = wordsOfEnd({ disconnectedAt: '2026-01-31T12:00:00.000Z', disconnectReason });
  expect(words.tone).toBe(tone);
  expect(words.says).toMatch(says);
});

/** Hours since the first day's midnight; `toHour` null: it is online. */
function session(
  fromHour: number,
  toHour: number | null,
  disconnectReason: string | null = 'wire_closed',
): Session {
  const instant = (hour: number) => new Date(FIRST_MS + hour * HOUR_MS).toISOString();
  return {
    connectedAt: instant(fromHour),
    disconnectedAt: toHour === null ? null : instant(toHour),
    disconnectReason: toHour === null ? null : disconnectReason,
  };
}

function day<Day>(days: readonly Day[], index: number): Day {
  const found = days[index];
  if (found === undefined) throw new Error(`no day ${index}`);
  return found;
}
