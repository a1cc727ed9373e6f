// Owns the tests of the list of machines: how it is grouped, what is chosen, and what a person should look at.

import { expect, test } from 'vitest';
import type { MachineView } from '../../../protocol/api/machines.ts';
import { chosenOf, groupsOf, keyOf, toneOf } from '../../../ui/pages/machines/machineRows.ts';
import { countdownOf, sayLeft } from '../../../ui/pages/machines/countdown.ts';
import { unbroken } from '../support/unbroken.ts';

function view(place: MachineView['place'], id: string, machine = id): MachineView {
  return { id, place, machine, state: 'idle', since: '2026-01-31T12:00:00.000Z', transitions: [] };
}

const connection = view('agent', 'connection');
const attempt = view('agent', 'connection/attempt.7', 'attempt');
const heartbeat = view('agent', 'connection/attempt.7/heartbeat', 'heartbeat');
const session = view('gateway', 'session.3', 'session');
const ALL = [connection, attempt, heartbeat, session];

test('machines are listed by place, each with how far it is below the one that runs it', () => {
  const groups = groupsOf(ALL).map(({ title, rows }) => [
    title,
    rows.map(({ name, depth }) => [name, depth]),
  ]);
  expect(groups).toEqual([
    [
      'On this agent',
      [
        ['connection', 0],
        ['attempt.7', 1],
        ['heartbeat', 2],
      ],
    ],
    ['At the gateway', [['session.3', 0]]],
  ]);
  expect(groupsOf([connection]).map(({ place }) => place)).toEqual(['agent']);
});

test('the connection is shown unless another one was chosen', () => {
  expect(chosenOf(ALL, null)).toBe(connection);
  expect(chosenOf(ALL, keyOf(session))).toBe(session);
  expect(chosenOf([session], null)).toBe(session);
  expect(chosenOf([], null)).toBeNull();
});

test('of one that has ended the next of its kind at the same place is shown, else the connection', () => {
  expect(chosenOf(ALL, 'agent:connection/attempt.6')).toBe(attempt);
  expect(chosenOf(ALL, 'agent:connection/attempt.6/heartbeat')).toBe(heartbeat);
  expect(chosenOf([connection, session], 'agent:connection/attempt.6')).toBe(connection);
  expect(chosenOf(ALL, 'gateway:reconciler')).toBe(connection);
});

test.each([
  ['connection', 'online.lively', 'ok'],
  ['connection', 'online.doubtful', 'warn'],
  ['connection', 'trying.syncing', 'busy'],
  ['connection', 'rejected', 'bad'],
  ['database', 'lost.resting', 'bad'],
  ['reconciler', 'settled', 'ok'],
  ['a chart of tomorrow', 'anything', 'ok'],
])('%s in the state %s is %s', (machine, state, tone) => {
  expect(toneOf({ machine, state })).toBe(tone);
});

const WAIT = { since: '2026-01-31T12:00:00.000Z', nextRetryAt: '2026-01-31T12:00:02.000Z' };
const SINCE_MS = Date.parse(WAIT.since);

test('the time left until the next dial ticks down to nothing', () => {
  expect(countdownOf(WAIT, SINCE_MS + 500)).toEqual({ leftMs: 1500, share: 0.25 });
  expect(countdownOf(WAIT, SINCE_MS + 9000)).toEqual({ leftMs: 0, share: 1 });
  expect(countdownOf({ ...WAIT, nextRetryAt: null }, SINCE_MS)).toBeNull();
});

test('a browser whose clock is behind never shows more than the whole wait', () => {
  expect(countdownOf(WAIT, SINCE_MS - 60_000)).toEqual({ leftMs: 2000, share: 0 });
});

test('the time left is said with tenths while it is short', () => {
  const said = ['0.0 s', '0.4 s', '9.9 s', '10 s', '48 s'];
  expect([0, 440, 9_940, 9_960, 48_000].map((ms) => sayLeft(ms))).toEqual(said.map(unbroken));
});
