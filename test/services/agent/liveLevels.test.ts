// Owns the tests of what moves the levels that a dashboard follows.

import { BehaviorSubject, Subject } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { createLiveLevels, LEVEL_GAP_MS, RELAYS_GAP_MS } from '../../../services/agent/liveLevels.ts';
import { createMappings } from '../../../services/agent/mappings.ts';
import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import type { DatabaseState } from '../../../services/agent/database.ts';
import type { UplinkStatus } from '../../../services/agent/uplink.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { liveStatus } from '../../support/hubTells.ts';
import { draft } from '../store/drafts.ts';

test('an edit moves the edition and its route, and nothing else is looked at again', async () => {
  const { told, tell, edit } = await follow();
  await edit();
  expect(tell()).toEqual(['status', 'routes', 'edition']);
  expect(told.edition.at(-1)).toBe(1);
  expect(Object.keys(told.routes.at(-1) ?? {})).toEqual(['a']);
});

test('a round trip that was measured moves the status and the machines, but no route', async () => {
  const { uplink$, tell } = await follow();
  uplink$.next({ ...uplink$.value, gateway: { ...uplink$.value.gateway, rttMs: 3 } });
  expect(tell()).toEqual(['status', 'machines']);
});

test.each<[string, (before: UplinkStatus) => Partial<UplinkStatus>]>([
  ['a revision that is confirmed', ({ config }) => ({ config: { ...config, ackedRevision: 7 } })],
  ['a name that is refused', ({ config }) => ({ config: { ...config, errors: [] } })],
  ['a route that is told of', () => ({ routes: new Map() })],
  ['a tunnel that is lost', () => ({ state: 'waiting' })],
])('%s moves the routes', async (_, change) => {
  const { uplink$, tell } = await follow();
  uplink$.next({ ...uplink$.value, ...change(uplink$.value) });
  expect(tell()).toEqual(['status', 'machines', 'routes']);
});

test('a database that is lost moves the status; a machine that moves, the machines', async () => {
  const { database$, moved$, tell } = await follow();
  database$.next('lost');
  expect(tell()).toEqual(['status']);
  moved$.next();
  expect(tell()).toEqual(['machines']);
});

test('requests under way move the status, and only once in a while however many come and go', async () => {
  const { relayMoved$, clock, told, tell } = await follow();
  clock.runFor(RELAYS_GAP_MS);
  const before = told.status;
  for (let n = 0; n < 50; n += 1) {
    relayMoved$.next();
    clock.runFor(RELAYS_GAP_MS / 25);
  }
  clock.runFor(RELAYS_GAP_MS);
  expect(told.status - before).toBe(3);
  expect(tell()).toEqual(['status']);
});

test('who begins to follow is told the status once, not again for the requests under way', async () => {
  const { clock, told } = await follow();
  const before = told.status;
  clock.runFor(3 * RELAYS_GAP_MS);
  expect(told.status).toBe(before);
});

/** Follows every level; `tell` lets what is due be told and names the levels that were. */
async function follow() {
  const clock = new SimulatedClock();
  const store = createMemoryStore({ wallMs: () => clock.wallMs(), newId: () => 'a' });
  await store.open();
  const mappings = createMappings();
  mappings.load(store.snapshot());
  const uplink$ = new BehaviorSubject<UplinkStatus>({
    state: 'online.lively',
    sinceMs: 0,
    restMs: null,
    attempt: 1,
    lastError: null,
    gateway: { version: '', host: null, rttMs: null },
    gatewayMachines: [],
    routes: null,
    config: { revision: 0, ackedRevision: null, errors: [] },
  });
  const database$ = new BehaviorSubject<DatabaseState>('ok');
  const moved$ = new Subject<void>();
  const relayMoved$ = new Subject<void>();
  const levels = createLiveLevels({
    clock,
    uplink: { status$: uplink$ },
    database: { state$: database$ },
    mappings,
    routes: { routeOf: () => ({ state: 'pending' }) },
    moved$,
    relayMoved$,
    status: () => liveStatus(),
    machines: () => [],
  });
  const told = { status: 0, machines: 0, routes: [] as object[], edition: [] as number[] };
  const counts = () => ({
    status: told.status,
    machines: told.machines,
    routes: told.routes.length,
    edition: told.edition.length,
  });
  const following = [
    levels.status.subscribe(() => (told.status += 1)),
    levels.machines.subscribe(() => (told.machines += 1)),
    levels.routes.subscribe((now) => told.routes.push(now)),
    levels.edition.subscribe((now) => told.edition.push(now)),
  ];
  onTestFinished(() => {
    for (const each of following) each.unsubscribe();
    expect(clock.pending).toBe(0);
  });
  clock.runFor(2 * LEVEL_GAP_MS);
  let before = counts();
  return {
    uplink$,
    database$,
    moved$,
    relayMoved$,
    clock,
    told,
    edit: async () => mappings.apply(await store.create(draft())),
    tell: () => {
      clock.runFor(2 * LEVEL_GAP_MS);
      const now = counts();
      const levels = ['status', 'machines', 'routes', 'edition'] as const;
      const moved = levels.filter((level) => now[level] > before[level]);
      before = now;
      return moved;
    },
  };
}
