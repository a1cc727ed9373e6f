// Owns the tests of the checklist: what ticks each step, and what the others say.

import { expect, test } from 'vitest';
import type { Route } from '../../../protocol/api/mappings.ts';
import { isAllDone, stepsOf } from '../../../ui/pages/overview/checklist.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const online = { state: 'online.lively', lastError: null };
const waiting = {
  state: 'waiting',
  lastError: { code: 'dial_failed', message: 'The gateway could not be reached.' },
};

function routesOf(route?: Route): ReadonlyMap<string, Route> {
  return new Map(route === undefined ? [] : [[ID, route]]);
}

function ticks(steps: ReturnType<typeof stepsOf>): string {
  return steps.map(({ key, isDone }) => `${key} ${isDone ? 'yes' : 'no'}`).join(', ');
}

test('an agent that has nothing yet begins with its gateway, and says why it is not reached', () => {
  const steps = stepsOf(waiting, routesOf(), false);
  expect(ticks(steps)).toBe('gateway no, mapping no, route no, request no');
  expect(steps[0]?.says).toBe('The gateway could not be reached.');
});

test('each step ticks by itself', () => {
  expect(ticks(stepsOf(online, routesOf(), false))).toBe('gateway yes, mapping no, route no, request no');
  expect(ticks(stepsOf(online, routesOf({ state: 'pending' }), false))).toBe(
    'gateway yes, mapping yes, route no, request no',
  );
  expect(ticks(stepsOf(online, routesOf({ state: 'active' }), false))).toBe(
    'gateway yes, mapping yes, route yes, request no',
  );
  const all = stepsOf(online, routesOf({ state: 'active' }), true);
  expect(isAllDone(all)).toBe(true);
});

test('once a request was served, a gateway that is away begins nothing anew', () => {
  expect(isAllDone(stepsOf(waiting, routesOf({ state: 'offline' }), true))).toBe(true);
});

test('a route that is not live says what it waits for', () => {
  const says = (at: typeof online | typeof waiting, route: Route) =>
    stepsOf(at, routesOf(route), false)[2]?.says;
  expect(says(online, { state: 'pending' })).toBe('The gateway is publishing the name.');
  expect(says(waiting, { state: 'offline' })).toBe('It is published once the gateway is reached.');
  expect(says(online, { state: 'disabled' })).toBe('The mapping is switched off: switch it on.');
});

test('a route that is refused says why', () => {
  const error = { code: 'domain_taken', message: 'Another agent publishes this name already.' };
  expect(stepsOf(online, routesOf({ state: 'refused', error }), false)[2]?.says).toBe(error.message);
});

test('where names are served by TLS a certificate is a step, and says what it lacks', () => {
  const failed = { state: 'failed', reason: 'app.example.com has no address in DNS.' } as const;
  const steps = stepsOf(online, routesOf({ state: 'active', certificate: failed }), false);
  expect(ticks(steps)).toBe('gateway yes, mapping yes, route yes, certificate no, request no');
  expect(steps[3]?.says).toBe(failed.reason);
  const pending = { state: 'pending', reason: 'app.example.com points elsewhere.' } as const;
  expect(stepsOf(online, routesOf({ state: 'active', certificate: pending }), false)[3]?.says).toBe(
    pending.reason,
  );
  const issued = stepsOf(online, routesOf({ state: 'active', certificate: { state: 'issued' } }), true);
  expect(isAllDone(issued)).toBe(true);
});
