// Owns the test of the names that the overview shows: known soon, and asked for seldom.

import { nextTick } from 'vue';
import { expect, test } from 'vitest';
import { useNames } from '../../../ui/pages/overview/useNames.ts';
import { snapshotOf } from '../../support/hubTells.ts';
import { ID, view } from '../mappingViews.ts';
import { openLivePage } from '../support/livePage.ts';

test('names are known at once, and of many edits there are few questions and the last name', async () => {
  const stage = { name: 'First' };
  const { made, hub, browser } = await openLivePage(
    () => useNames(() => [ID]),
    () => Response.json(view({ name: stage.name })),
    snapshotOf({ routes: { [ID]: { state: 'active' } } }),
  );
  await browser.pass(10);
  expect(made.value.get(ID)).toBe('First');
  const before = browser.asked.length;
  for (let edition = 2; edition < 42; edition += 1) {
    stage.name = `Name ${edition}`;
    hub.say({ type: 'change', edition });
    await browser.pass(50);
  }
  expect(browser.asked.length - before).toBeLessThan(3);
  await browser.pass(6_000);
  await nextTick();
  expect(made.value.get(ID)).toBe('Name 41');
});
