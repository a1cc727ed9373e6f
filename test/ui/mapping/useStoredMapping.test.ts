// Owns the test of a mapping while it is edited: what is typed during a save, what others do meanwhile.

import { expect, test } from 'vitest';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { useStoredMapping } from '../../../ui/pages/mapping/useStoredMapping.ts';
import { view } from '../mappingViews.ts';
import { openLivePage } from '../support/livePage.ts';

const at = (second: number) => `2026-01-31T12:00:0${second}.000Z`;

async function openStage() {
  const waiting: { readonly method: string; answer(mapping: MappingView): void }[] = [];
  const page = await openLivePage(
    () => useStoredMapping(view()),
    ({ method }) =>
      new Promise((resolve) =>
        waiting.push({ method, answer: (mapping) => resolve(Response.json(mapping)) }),
      ),
  );
  const { form } = page.made;
  const type = (name: string) => (form.draft.value = { ...form.draft.value, name });
  return { ...page, form, waiting, type };
}

test('what is typed while a save is under way stays, and is not saved yet', async () => {
  const { made, form, waiting, type, browser } = await openStage();
  type('First');
  const saving = made.save();
  type('First and more');
  await browser.pass(0);
  waiting.find(({ method }) => method === 'PATCH')?.answer(view({ name: 'First', updatedAt: at(1) }));
  await saving;
  expect([form.draft.value.name, form.base.value.name, form.isDirty.value]).toEqual([
    'First and more',
    'First',
    true,
  ]);
});

test('of two looks at what somebody else has stored, the later one counts, however late the former is answered', async () => {
  const { made, waiting, hub, browser } = await openStage();
  waiting.length = 0;
  for (const edition of [2, 3]) {
    hub.say({ type: 'change', edition });
    await browser.pass(0);
  }
  waiting[1]?.answer(view({ name: 'Newer', updatedAt: at(2) }));
  await browser.pass(0);
  waiting[0]?.answer(view({ name: 'Older', updatedAt: at(1) }));
  await browser.pass(0);
  expect(made.stored.value.name).toBe('Newer');
});
