// Owns the test of the mappings that requests belong to: when they are known, and when they are asked for again.

import { nextTick } from 'vue';
import { expect, test } from 'vitest';
import { useMappingNames } from '../../../ui/pages/requests/useMappingNames.ts';
import { liveStatus, snapshotOf } from '../../support/hubTells.ts';
import { ID, view } from '../mappingViews.ts';
import { openLivePage } from '../support/livePage.ts';
import { problem } from '../support/browserStage.ts';

async function openStage(isAway = false) {
  const stage = { name: 'First', isAway };
  const page = await openLivePage(useMappingNames, () =>
    stage.isAway
      ? problem(503, 'unavailable')
      : Response.json({ items: [view({ name: stage.name })], total: 1 }),
  );
  await page.browser.pass(0);
  return Object.assign(stage, page, {
    nameOf: (id: string) => page.made.value?.get(id)?.name,
    lists: () => page.browser.asked.filter(({ path }) => path.endsWith('/mappings')).length,
  });
}

test('which mappings are gone is not known before they are loaded', async () => {
  const { made, browser } = await openStage(true);
  expect(made.value).toBeNull();
  browser.answer = () => Response.json({ items: [], total: 0 });
  browser.newest().say({ type: 'change', edition: 2 });
  await browser.pass(0);
  expect(made.value).toEqual(new Map());
});

test('a mapping that somebody edits is known by its new name, and requests alone have none read', async () => {
  const stage = await openStage();
  expect(stage.nameOf(ID)).toBe('First');
  const before = stage.lists();
  stage.hub.say({ type: 'change', routes: { [ID]: { state: 'pending' } } });
  stage.hub.say({ type: 'change', status: liveStatus({ relays: 3 }) });
  await stage.browser.pass(5_000);
  expect(stage.lists()).toBe(before);
  stage.name = 'Second';
  stage.hub.say({ type: 'change', edition: 2 });
  await stage.browser.pass(0);
  expect([stage.nameOf(ID), stage.lists()]).toEqual(['Second', before + 1]);
});

test('the last names stay while the agent or its database is away, and are read again once it is back', async () => {
  const stage = await openStage();
  stage.isAway = true;
  stage.hub.say({ type: 'change', status: liveStatus({ database: 'lost' }), edition: 2 });
  await stage.browser.pass(0);
  expect(stage.nameOf(ID)).toBe('First');
  Object.assign(stage, { isAway: false, name: 'Second' });
  stage.hub.say({ type: 'change', status: liveStatus() });
  await stage.browser.pass(0);
  expect(stage.nameOf(ID)).toBe('Second');
  stage.hub.end();
  stage.name = 'Third';
  await stage.browser.pass(1_000);
  expect(stage.nameOf(ID)).toBe('Second');
  stage.browser.newest().say(snapshotOf({ edition: 2 }));
  await nextTick();
  await stage.browser.pass(0);
  expect(stage.nameOf(ID)).toBe('Third');
});
