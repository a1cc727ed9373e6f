// Owns the test of the list of mappings on a live page: what edits, routes and requests make of it, and what it asks for.

import { nextTick } from 'vue';
import { expect, test } from 'vitest';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { NO_FILTER, arranged } from '../../../ui/pages/mappings/mappingFilter.ts';
import { createRouteMerge } from '../../../ui/pages/mappings/routeMerge.ts';
import { useMappings } from '../../../ui/pages/mappings/useMappings.ts';
import { NOW, endedRequest } from '../../support/hubTells.ts';
import { ID, view } from '../mappingViews.ts';
import { openLivePage } from '../support/livePage.ts';

async function openStage(mapping: MappingView = view()) {
  const stage = { mapping };
  const page = await openLivePage(useMappings, () => Response.json({ items: [stage.mapping], total: 1 }));
  return Object.assign(stage, page, {
    lists: () => page.browser.asked.filter(({ path }) => path.endsWith('/mappings')).length,
  });
}

test('the last hour does not fall back when a route moves', async () => {
  const { hub, made } = await openStage(view({ activity: { lastSeen: NOW, requestsLastHour: 3 } }));
  hub.say({ type: 'requests', items: [endedRequest(1), endedRequest(2)], left: 0 });
  hub.say({ type: 'change', routes: { [ID]: { state: 'pending' } } });
  await nextTick();
  expect(made.mappings.value?.[0]?.route.state).toBe('pending');
  expect(made.activityOf(ID).requestsLastHour).toBe(5);
});

test('a list that was read before a switch was turned does not turn it back', async () => {
  const { hub, made, browser } = await openStage();
  const answers: ((response: Response) => void)[] = [];
  browser.answer = () => new Promise((resolve) => answers.push(resolve));
  hub.say({ type: 'change', edition: 2 });
  await browser.pass(0);
  const saved = view({ enabled: false, updatedAt: '2026-01-31T12:00:05.000Z' });
  made.put(saved);
  answers[0]?.(Response.json({ items: [view()], total: 1 }));
  await browser.pass(0);
  expect(made.mappings.value?.[0]?.enabled).toBe(false);
  hub.say({ type: 'change', edition: 3 });
  await browser.pass(0);
  const later = view({ enabled: true, updatedAt: '2026-01-31T12:00:09.000Z' });
  answers[1]?.(Response.json({ items: [later], total: 1 }));
  await browser.pass(0);
  expect(made.mappings.value?.[0]?.enabled).toBe(true);
});

test('five minutes of requests have no list read', async () => {
  const { hub, made, browser, lists } = await openStage();
  const before = lists();
  for (let n = 0; n < 300; n += 1) {
    await browser.pass(1_000);
    if (n % 10 === 0) hub.say({ type: 'time', now: new Date(Date.now()).toISOString() });
    const timestamp = new Date(Date.now()).toISOString();
    hub.say({ type: 'requests', items: [endedRequest(n, { timestamp })], left: 0 });
  }
  expect([lists() - before, made.activityOf(ID).requestsLastHour]).toEqual([0, 300]);
});

test('a route that moves costs the texts of its own mapping, not of thousands', () => {
  let reads = 0;
  const mappings = Array.from({ length: 1_000 }, (_, n) => {
    const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    return {
      ...view({ id, externalDomain: `app${n}.example.com` }),
      get internalHost() {
        reads += 1;
        return 'nas.local';
      },
    };
  });
  const merge = createRouteMerge();
  const filter = { ...NO_FILTER, sort: 'target' } as const;
  const routes = new Map<string, MappingView['route']>(mappings.map(({ id }) => [id, { state: 'pending' }]));
  arranged(merge(mappings, routes), filter);
  reads = 0;
  arranged(merge(mappings, new Map([...routes, [ID, { state: 'active' }]])), filter);
  expect(reads).toBeLessThan(5);
});
