// Owns the test of an open preview of an import: what it asks for while others edit.

import { expect, test } from 'vitest';
import type { ImportResult } from '../../../protocol/api/bulk.ts';
import { useImport } from '../../../ui/pages/settings/useImport.ts';
import { openLivePage } from '../support/livePage.ts';

const NOTHING: ImportResult = { created: [], updated: [], unchanged: 1, removed: [], refused: [] };

test('however fast others edit, an open preview sends its file once in a while, and one at a time', async () => {
  const waiting: ((response: Response) => void)[] = [];
  let most = 0;
  const { made, hub, browser } = await openLivePage(useImport, () => {
    const answer = new Promise<Response>((resolve) => waiting.push(resolve));
    most = Math.max(most, waiting.length);
    return answer;
  });
  const looks = () => browser.asked.filter(({ path }) => path.endsWith('/import')).length;
  const answerNext = async () => {
    waiting.shift()?.(Response.json(NOTHING));
    await browser.pass(0);
  };
  await made.choose(new File(['{"mappings":[{}]}'], 'mappings.json'));
  await answerNext();
  expect([looks(), made.isLooking.value]).toEqual([1, false]);
  for (let edition = 2; edition < 62; edition += 1) {
    hub.say({ type: 'change', edition });
    await browser.pass(100);
    // Each answer takes as long as some edits.
    if (edition % 10 === 0) await answerNext();
  }
  expect([most, looks() <= 3, looks() > 1]).toEqual([1, true, true]);
  await answerNext();
  const before = looks();
  hub.say({ type: 'change', edition: 62 });
  await browser.pass(4_000);
  expect(looks()).toBe(before + 1);
});
