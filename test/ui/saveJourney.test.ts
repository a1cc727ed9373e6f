// The journey of a save: each step as the hub tells it, and where it stops.

import { expect, test } from 'vitest';
import type { Route } from '../../protocol/api/mappings.ts';
import type { Status } from '../../protocol/api/status.ts';
import { isArrived, journeySteps, type Save } from '../../ui/pages/mapping/saveJourney.ts';
import { liveStatus } from '../support/hubTells.ts';
import { ID, view } from './mappingViews.ts';

const BEFORE = '2026-01-31T12:00:01.000Z';
const AFTER = '2026-01-31T12:10:00.000Z';
const SAVE: Save = { mapping: view(), appliedBefore: BEFORE, edition: 7 };
const LIVE: Route = { state: 'active', appliedAt: AFTER };

function status(change: Partial<Status> = {}, config: Partial<Status['config']> = {}): Status {
  return liveStatus({ config: { revision: 7, ackedRevision: 7, errors: [], ...config }, ...change });
}

/** `done done busy waiting`, with the sentences that are said. */
function told(save: Save, standing: { status: Status | null; route: Route | null }) {
  const steps = journeySteps(save, standing);
  return [
    steps.map(({ state }) => state).join(' '),
    ...steps.map(({ says }) => says).filter((says) => says !== ''),
  ];
}

test.each([
  ['before the hub has told of it', { ...SAVE, edition: null }, status(), LIVE, 'done busy waiting waiting'],
  ['before the hub has told anything', SAVE, null, null, 'done busy waiting waiting'],
  ['on its way', SAVE, status({}, { ackedRevision: 6 }), { state: 'pending' }, 'done done busy waiting'],
  [
    'to a gateway that has none yet',
    SAVE,
    status({}, { ackedRevision: null }),
    null,
    'done done busy waiting',
  ],
  ['accepted', SAVE, status(), { state: 'pending' }, 'done done done busy'],
  [
    'while its route is still the one of before',
    SAVE,
    status(),
    { state: 'active', appliedAt: BEFORE },
    'done done done busy',
  ],
  ['live', SAVE, status(), LIVE, 'done done done done'],
  [
    'live again without a change',
    { ...SAVE, appliedBefore: null },
    status(),
    { state: 'active', appliedAt: BEFORE },
    'done done done done',
  ],
  ['acknowledged by a later revision', SAVE, status({}, { ackedRevision: 9 }), LIVE, 'done done done done'],
] satisfies [string, Save, Status | null, Route | null, string][])(
  'a save %s',
  (_title, save, now, route, states) => {
    expect(told(save, { status: now, route })).toEqual([states]);
  },
);

test('a save without a tunnel waits there, and says why there is none', () => {
  const lastError = { code: 'unreachable', message: 'The gateway cannot be reached.' };
  const [states, says] = told(SAVE, {
    status: status({ state: 'waiting', lastError }),
    route: { state: 'offline' },
  });
  expect(states).toBe('done stuck waiting waiting');
  expect(says).toMatch(/no tunnel.*The gateway cannot be reached\.$/);
});

test('a save that the gateway refuses stops there, with its reason', () => {
  const refused = status(
    {},
    { errors: [{ id: ID, code: 'domain_taken', message: 'Another agent has this name.' }] },
  );
  expect(told(SAVE, { status: refused, route: { state: 'refused' } })).toEqual([
    'done done failed waiting',
    'Another agent has this name.',
  ]);
});

test('a route that the web server does not take stops one step further', () => {
  const error = { code: 'route_conflict', message: 'Another route has this name.' };
  expect(told(SAVE, { status: status(), route: { state: 'refused', error } })).toEqual([
    'done done done failed',
    'Another route has this name.',
  ]);
});

test('a mapping that is switched off arrives when it is no longer published', () => {
  const save = { ...SAVE, mapping: view({ enabled: false }) };
  expect(told(save, { status: status({}, { ackedRevision: 6 }), route: { state: 'disabled' } })).toEqual([
    'done done busy waiting',
  ]);
  expect(told(save, { status: status(), route: { state: 'disabled' } })).toEqual(['done done done done']);
  expect(journeySteps(save, { status: status(), route: { state: 'disabled' } }).at(-1)?.label).toMatch(
    /^Switched off/,
  );
});

test.each([
  ['pending', 'done done done done stuck'],
  ['issued', 'done done done done done'],
] as const)('the reason of a certificate that is %s is said', (state, states) => {
  const certificate = { state, reason: 'Its DNS leads elsewhere.' };
  expect(told(SAVE, { status: status(), route: { ...LIVE, certificate } })).toEqual([
    states,
    'Its DNS leads elsewhere.',
  ]);
});

test.each([
  [{ state: 'issued' }, 'done done done done done', true],
  [{ state: 'pending' }, 'done done done done busy', false],
  [{ state: 'failed', reason: 'DNS leads elsewhere.' }, 'done done done done failed', false],
] as const)('with a certificate it goes one step further: %o', (certificate, states, arrives) => {
  const route: Route = { ...LIVE, certificate };
  expect(told(SAVE, { status: status(), route })[0]).toBe(states);
  expect(isArrived(journeySteps(SAVE, { status: status(), route }))).toBe(arrives);
});
