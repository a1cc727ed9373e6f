// Owns the test of an open preview of an import: what it asks for while others edit.

import { expect, test } from 'vitest';
import type { ImportResult } from '../../../protocol/api/bulk.ts';
import { useImport } from '../../../ui/pages/settings/useImport.ts';
import { openLivePage } from '../support/livePage.ts';

const NOTHING: ImportResult = { created: [], updated: [], unchanged: 1, removed: [], refused: [] };

test('however fast others edit, an open preview sends its file once in a while, and one at a time', async () => {
  let underWay = 0;
  let most = 0;
  const { made, hub, browser } = await openLivePage(useImport, async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 150));
    underWay -= 1;
    return Response.json(NOTHING);
  });
  const looks = () => browser.asked.filter(({ path }) => path.endsWith('/import')).length;
  await made.choose(new File(['{"mappings":[{}]}'], 'mappings.json'));
  await browser.pass(200);
  expect(looks()).toBe(1);
  for (let edition = 2; edition < 62; edition += 1) {
    hub.say({ type: 'change', edition });
    await browser.pass(100);
  }
  expect([most, looks() <= 3, looks() > 1]).toEqual([1, true, true]);
  const before = looks();
  await browser.pass(4_000);
  expect(looks()).toBe(before + 1);
});
