// Owns the tests of charts as words: events, current states, and which way was taken.

import { expect, test } from 'vitest';
import { isTaken, levelOf } from '../../../ui/pages/machines/chartLinks.ts';
import { litPaths, sayEvent } from '../../../ui/pages/machines/chartStates.ts';
import { unbroken } from '../support/unbroken.ts';

test.each([
  ['auth.accepted', 'auth.accepted'],
  ['after dialTimeout', 'after dial timeout'],
  ['after 3000', 'after 3 s'],
  ['after 250', 'after 250 ms'],
  ['xstate.after.rest.database.lost.resting', 'after rest'],
  ['done: admission', 'done: admission'],
  ['xstate.init', 'init'],
])('the event %s reads "%s"', (event, says) => {
  expect(sayEvent(event)).toBe(unbroken(says));
});

test('where a machine is, and every state around that, is lit', () => {
  expect([...litPaths('open.handshaking.syncing')]).toEqual([
    'open',
    'open.handshaking',
    'open.handshaking.syncing',
  ]);
  expect([...litPaths('left.on & right.off')]).toEqual(['left', 'left.on', 'right', 'right.off']);
});

test('a line is drawn within the innermost state that holds both of its ends', () => {
  expect(levelOf({ from: 'a.b', to: 'a.c' })).toBe('a');
  expect(levelOf({ from: 'a.b', to: 'c' })).toBe('');
  expect(levelOf({ from: 'a', to: 'a.b' })).toBe('a');
  expect(levelOf({ from: '', to: 'a.b' })).toBe('');
  expect(levelOf({ from: 'a', to: 'a' })).toBe('');
  expect(levelOf({ from: 'a.b', to: 'a' })).toBe('a');
  expect(levelOf({ from: 'ab', to: 'a' })).toBe('');
});

test('the way a machine came by is told by where it was, where it is and the event', () => {
  const link = { from: 'trying', to: 'waiting', labels: [], events: ['attempt.ended', 'after rest'] };
  const at = '2026-01-31T12:00:00.000Z';
  expect(isTaken(link, { event: 'attempt.ended', from: 'trying.dialing', to: 'waiting', at })).toBe(true);
  expect(isTaken(link, { event: 'reconnect', from: 'trying.dialing', to: 'waiting', at })).toBe(false);
  expect(isTaken(link, { event: 'attempt.ended', from: 'online.lively', to: 'waiting', at })).toBe(false);
  const fromAny = { ...link, from: '' };
  expect(isTaken(fromAny, { event: 'attempt.ended', from: 'online.lively', to: 'waiting', at })).toBe(true);
});
