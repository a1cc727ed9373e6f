// Owns the tests of how a mapping stands with the gateway, and since when.

import { BehaviorSubject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../machines/configSync.ts';
import type { ToldRoute } from '../../../protocol/control.ts';
import { describeError } from '../../../protocol/errors.ts';
import type { NewMapping } from '../../../protocol/mapping.ts';
import { createMappings } from '../../../services/agent/mappings.ts';
import { createRouteStates } from '../../../services/agent/routeStates.ts';
import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import type { UplinkStatus } from '../../../services/agent/uplink.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { draft } from '../store/drafts.ts';

const START = '2026-01-01T00:00:00.000Z';
const A_MINUTE_LATER = '2026-01-01T00:01:00.000Z';
const A_MINUTE_MS = 60_000;

const TAKEN = { code: 'domain_taken', message: describeError('domain_taken').says } as const;

test('a mapping that is disabled is neither offline nor pending', async () => {
  const { create, routeOf, confirm } = await start();
  const id = await create({ enabled: false });
  expect(routeOf(id)).toEqual({ state: 'disabled' });
  confirm();
  expect(routeOf(id)).toEqual({ state: 'disabled' });
});

test.each(['offline', 'waiting', 'trying.syncing', 'rejected', 'stopping'])(
  'while the tunnel is %s an enabled mapping is offline, whatever was confirmed before',
  async (state) => {
    const { create, routeOf, confirm, tell } = await start();
    const id = await create();
    expect(routeOf(id)).toEqual({ state: 'offline' });
    confirm();
    tell({ state });
    expect(routeOf(id)).toEqual({ state: 'offline' });
  },
);

test('a mapping is pending until the gateway confirms a revision that holds it, and active since then', async () => {
  const { create, routeOf, confirm, tell, clock } = await start();
  const old = await create({ externalDomain: 'old.example' });
  tell({ state: 'online.lively' });
  expect(routeOf(old)).toEqual({ state: 'pending' });
  confirm();
  clock.runFor(A_MINUTE_MS);
  const fresh = await create({ externalDomain: 'fresh.example' });
  expect([routeOf(old), routeOf(fresh)]).toEqual([
    { state: 'active', appliedAt: START },
    { state: 'pending' },
  ]);
  confirm();
  expect([routeOf(old), routeOf(fresh)]).toEqual([
    { state: 'active', appliedAt: START },
    { state: 'active', appliedAt: A_MINUTE_LATER },
  ]);
});

test('a mapping that is edited is pending again, and active since its newest edition was confirmed', async () => {
  const { create, update, routeOf, confirm, clock } = await start();
  const id = await create();
  confirm();
  const acked = await update(id, { internalPort: 4000 });
  await update(id, { internalPort: 5000 });
  confirm({ revision: acked });
  expect(routeOf(id)).toEqual({ state: 'pending' });
  clock.runFor(A_MINUTE_MS);
  confirm();
  expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
});

test('a mapping that is disabled and enabled again is active since the second time', async () => {
  const { create, update, routeOf, confirm, clock } = await start();
  const id = await create();
  confirm();
  await update(id, { enabled: false });
  confirm();
  clock.runFor(A_MINUTE_MS);
  await update(id, { enabled: true });
  expect(routeOf(id)).toEqual({ state: 'pending' });
  confirm();
  expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
});

test('a tunnel that comes back with the same revision changes no time', async () => {
  const { create, routeOf, confirm, tell, clock } = await start();
  const id = await create();
  confirm();
  clock.runFor(A_MINUTE_MS);
  tell({ state: 'waiting' });
  confirm();
  expect(routeOf(id)).toEqual({ state: 'active', appliedAt: START });
});

test('a mapping that is refused says why, and is active since it was promoted in the same revision', async () => {
  const { create, routeOf, confirm, clock } = await start();
  const refused = await create({ externalDomain: 'taken.example' });
  const served = await create({ externalDomain: 'mine.example' });
  confirm({ errors: [{ id: refused, code: 'domain_taken' }] });
  expect([routeOf(refused), routeOf(served)]).toEqual([
    { state: 'refused', error: TAKEN },
    { state: 'active', appliedAt: START },
  ]);
  clock.runFor(A_MINUTE_MS);
  confirm();
  expect([routeOf(refused), routeOf(served)]).toEqual([
    { state: 'active', appliedAt: A_MINUTE_LATER },
    { state: 'active', appliedAt: START },
  ]);
});

test('a mapping that was active and lost its name counts anew once it has it back', async () => {
  const { create, routeOf, confirm, clock } = await start();
  const id = await create();
  confirm();
  confirm({ errors: [{ id, code: 'domain_taken' }] });
  expect(routeOf(id)).toEqual({ state: 'refused', error: TAKEN });
  clock.runFor(A_MINUTE_MS);
  confirm();
  expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
});

test('a refused mapping that is edited is pending: the refusal was of what it was', async () => {
  const { create, update, routeOf, confirm } = await start();
  const id = await create();
  confirm({ errors: [{ id, code: 'domain_taken' }] });
  await update(id, { externalDomain: 'free.example' });
  expect(routeOf(id)).toEqual({ state: 'pending' });
});

test('a mapping that is gone and comes back with a backup is pending until it is confirmed anew', async () => {
  const { create, mappings, restore, routeOf, confirm, clock } = await start();
  const id = await create();
  confirm();
  const backup = { revision: 7, mappings: mappings.list() };
  restore({ revision: 5, mappings: [] });
  confirm();
  clock.runFor(A_MINUTE_MS);
  restore(backup);
  expect(routeOf(id)).toEqual({ state: 'pending' });
  confirm();
  expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
});

describe('behind a gateway that tells of routes', () => {
  test('a mapping is active once its route is applied, and pending until then', async () => {
    const { create, routeOf, confirm, tell, routed, clock } = await start();
    const id = await create();
    tell({ routes: new Map() });
    confirm();
    expect(routeOf(id)).toEqual({ state: 'pending' });
    clock.runFor(A_MINUTE_MS);
    tell(routed(id, 'applied'));
    expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
  });

  test.each([
    ['conflict', 'Another route has it.', 'route_conflict', 'Another route has it.'],
    ['conflict', '', 'route_conflict', describeError('route_conflict').says],
    ['failed', '', 'route_failed', describeError('route_failed').says],
  ] as const)(
    'a mapping whose route is in the state %s (%j) is refused',
    async (state, reason, code, message) => {
      const { create, routeOf, confirm, tell, routed, clock } = await start();
      const id = await create();
      tell(routed(id, 'applied'));
      confirm();
      tell(routed(id, state, reason));
      expect(routeOf(id)).toEqual({ state: 'refused', error: { code, message } });
      clock.runFor(A_MINUTE_MS);
      tell(routed(id, 'applied'));
      expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
    },
  );

  test('a mapping that the gateway itself refuses says so, whatever its route was', async () => {
    const { create, routeOf, confirm, tell, routed } = await start();
    const id = await create();
    tell(routed(id, 'conflict'));
    confirm({ errors: [{ id, code: 'domain_taken' }] });
    expect(routeOf(id)).toEqual({ state: 'refused', error: TAKEN });
  });

  test('a route that is looked for anew keeps its time, and an edited one does not', async () => {
    const { create, update, routeOf, confirm, tell, routed, clock } = await start();
    const id = await create();
    tell(routed(id, 'applied'));
    confirm();
    clock.runFor(A_MINUTE_MS);
    tell({ routes: new Map() });
    expect(routeOf(id)).toEqual({ state: 'pending' });
    tell(routed(id, 'applied'));
    expect(routeOf(id)).toEqual({ state: 'active', appliedAt: START });
    await update(id, { externalDomain: 'other.example' });
    tell({ routes: new Map() });
    confirm();
    tell(routed(id, 'applied'));
    expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
  });

  test('a mapping that is served says how its certificate stands, and waits for none', async () => {
    const { create, routeOf, confirm, tell, routed } = await start();
    const id = await create();
    confirm();
    const withCertificate = (certificate: NonNullable<ToldRoute['certificate']>) =>
      tell({ routes: new Map([[id, { id, state: 'applied', reason: '', certificate }]]) });
    withCertificate({ state: 'pending', reason: '', expiresAtMs: null });
    expect(routeOf(id)).toEqual({ state: 'active', appliedAt: START, certificate: { state: 'pending' } });
    withCertificate({ state: 'failed', reason: 'No address.', expiresAtMs: null });
    expect(routeOf(id)).toMatchObject({ certificate: { state: 'failed', reason: 'No address.' } });
    withCertificate({ state: 'issued', reason: '', expiresAtMs: Date.parse(A_MINUTE_LATER) });
    expect(routeOf(id)).toMatchObject({ certificate: { state: 'issued', expiresAt: A_MINUTE_LATER } });
    tell(routed(id, 'applied'));
    expect(routeOf(id)).toEqual({ state: 'active', appliedAt: START });
  });

  test('nothing counts before the tunnel is online: until then it is not known whether routes are told', async () => {
    const { create, routeOf, confirm, tell, clock } = await start();
    const id = await create();
    tell({ state: 'trying.syncing', config: { revision: 7, ackedRevision: 7, errors: [] } });
    clock.runFor(A_MINUTE_MS);
    confirm();
    expect(routeOf(id)).toEqual({ state: 'active', appliedAt: A_MINUTE_LATER });
  });
});

test('after the stop nothing is followed any more', async () => {
  const { create, routes, routeOf, confirm, status$ } = await start();
  const id = await create();
  routes.stop();
  expect(status$.observed).toBe(false);
  confirm();
  expect(routeOf(id)).toEqual({ state: 'active' });
});

/** Mappings of a store in memory, and an uplink that stands where the test says. */
async function start() {
  const clock = new SimulatedClock();
  let ids = 0;
  const store = createMemoryStore({ wallMs: () => clock.wallMs(), newId: () => String((ids += 1)) });
  await store.open();
  const mappings = createMappings();
  mappings.load(store.snapshot());
  const status$ = new BehaviorSubject<UplinkStatus>(OFFLINE);
  const uplink = {
    status$,
    get status() {
      return status$.value;
    },
  };
  const routes = createRouteStates(mappings, uplink, clock);
  function tell(now: Partial<UplinkStatus>): void {
    status$.next({ ...status$.value, ...now });
  }
  return {
    clock,
    mappings,
    routes,
    status$,
    tell,
    restore: mappings.load,
    /** What the gateway has told of one route. */
    routed: (id: string, state: ToldRoute['state'], reason = '') => ({
      routes: new Map([[id, { id, state, reason }]]),
    }),
    create: async (fields: Record<string, unknown> = {}) => {
      const write = await store.create(draft(fields));
      mappings.apply(write);
      return write.mapping.id;
    },
    /** Answers the edition. */
    update: async (id: string, patch: Partial<NewMapping>) => {
      mappings.apply(await store.update(id, patch));
      return mappings.editionOf(id);
    },
    routeOf: (id: string) => {
      const mapping = mappings.view.mappings.get(id);
      if (mapping === undefined) throw new Error('no such mapping');
      return routes.routeOf(mapping);
    },
    /** The tunnel is online, and the gateway has confirmed a revision: the newest unless another is given. */
    confirm: ({ revision = mappings.view.edition, errors = [] }: Confirmation = {}) => {
      tell({ state: 'online.lively', config: { revision, ackedRevision: revision, errors } });
    },
  };
}

interface Confirmation {
  readonly revision?: number;
  readonly errors?: readonly Refusal[];
}

const OFFLINE: UplinkStatus = {
  state: 'offline',
  sinceMs: 0,
  restMs: null,
  attempt: 0,
  lastError: null,
  gateway: { version: '', host: null, rttMs: null },
  gatewayMachines: [],
  routes: null,
  config: { revision: 0, ackedRevision: null, errors: [] },
};
