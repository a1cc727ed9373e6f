// Owns the test of what is loaded again when what was away is back.

import { nextTick } from 'vue';
import { expect, test } from 'vitest';
import { useBackAgain } from '../../ui/components/useBackAgain.ts';
import { liveStatus, snapshotOf } from '../support/hubTells.ts';
import { openLivePage } from './support/livePage.ts';

test('a database that is back is told once, and so is an agent that is', async () => {
  let backs = 0;
  const { hub, browser } = await openLivePage(
    () => useBackAgain(() => (backs += 1)),
    () => Response.json({}),
  );
  expect(backs).toBe(1);
  const database = async (state: 'ok' | 'lost') => {
    hub.say({ type: 'change', status: liveStatus({ database: state }) });
    await nextTick();
  };
  await database('lost');
  expect(backs).toBe(1);
  await database('ok');
  await database('ok');
  expect(backs).toBe(2);
  hub.end();
  await browser.pass(1_000);
  expect(backs).toBe(2);
  browser.newest().say(snapshotOf());
  await browser.pass(0);
  expect(backs).toBe(3);
});
