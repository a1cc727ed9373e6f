// Owns the test of toasts: how long they are there, and what holds them.

import { beforeEach, expect, test } from 'vitest';
import { useToasts } from '../../ui/components/useToasts.ts';
import { openBrowser } from './support/browserStage.ts';

// Those of other tests in this process.
beforeEach(() => {
  const { toasts, closeToast } = useToasts();
  for (const { id } of toasts.value) closeToast(id);
});

test('a toast goes by itself; while somebody is on it it stays, and then has its whole time again', async () => {
  const { pass } = openBrowser();
  const { toasts, showToast, holdToasts, releaseToasts } = useToasts();
  const shown = () => toasts.value.map(({ text }) => text);
  showToast({ text: 'Held' });
  await pass(7_000);
  holdToasts();
  await pass(60_000);
  expect(shown()).toEqual(['Held']);
  releaseToasts();
  await pass(7_900);
  expect(shown()).toEqual(['Held']);
  await pass(200);
  expect(shown()).toEqual([]);
});

test('a toast that comes while others are held is held as well', async () => {
  const { pass } = openBrowser();
  const { toasts, showToast, holdToasts, releaseToasts } = useToasts();
  showToast({ text: 'First' });
  holdToasts();
  showToast({ text: 'Second' });
  await pass(60_000);
  expect(toasts.value.map(({ text }) => text)).toEqual(['First', 'Second']);
  releaseToasts();
  await pass(8_000);
  expect(toasts.value).toEqual([]);
});
