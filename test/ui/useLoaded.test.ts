// Owns the test of what a page has loaded: that it is had at last, however often it is asked for.

import { effectScope } from 'vue';
import { expect, onTestFinished, test, vi } from 'vitest';
import { useLoaded } from '../../ui/api/useLoaded.ts';

/** Answers are the test's, in any order. */
function openStage() {
  const loads: { answer(value: number): void; fail(error: Error): void; signal: AbortSignal }[] = [];
  const scope = effectScope();
  const loaded = scope.run(() =>
    useLoaded(
      (signal) =>
        new Promise<number>((resolve, reject) => {
          loads.push({ answer: resolve, fail: reject, signal });
          signal.addEventListener('abort', () => reject(new Error('dropped')));
        }),
    ),
  );
  if (loaded === undefined) throw new Error('the scope is over');
  onTestFinished(() => scope.stop());
  return { ...loaded, loads, scope };
}

test('what is asked for faster than it is answered is shown while that goes on', async () => {
  const { loads, value, isLoading, reload } = openStage();
  for (let edition = 1; edition <= 20; edition += 1) {
    void reload();
    if (edition % 2 === 1) continue;
    loads.at(-1)?.answer(edition);
    await vi.waitFor(() => expect([value.value, isLoading.value]).toEqual([edition, true]), { interval: 1 });
  }
  expect(loads.length).toBe(11);
  loads.at(-1)?.answer(21);
  await vi.waitFor(() => expect([value.value, isLoading.value]).toEqual([21, false]));
});

test('what is under way is let finish, and then loaded once more, however often that was asked', async () => {
  const { loads, value, isLoading, reload } = openStage();
  const settled = Promise.all([reload(), reload(), reload()]);
  expect(loads.length).toBe(1);
  loads[0]?.answer(1);
  await vi.waitFor(() => expect(loads.length).toBe(2));
  expect([value.value, isLoading.value]).toEqual([1, true]);
  loads[1]?.answer(2);
  await settled;
  expect([value.value, isLoading.value, loads.length]).toEqual([2, false, 2]);
});

test('where something else is asked for, the answer to the former is dropped', async () => {
  const { loads, value, error, restart } = openStage();
  const settled = restart();
  expect(loads[0]?.signal.aborted).toBe(true);
  await vi.waitFor(() => expect(loads.length).toBe(2));
  loads[0]?.answer(1);
  loads[1]?.answer(2);
  await settled;
  expect([value.value, error.value]).toEqual([2, null]);
});

test('a load that hangs is dropped by one that comes long after it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { loads, value, reload } = openStage();
  vi.advanceTimersByTime(15_001);
  const settled = reload();
  expect(loads[0]?.signal.aborted).toBe(true);
  await Promise.resolve();
  await Promise.resolve();
  loads[1]?.answer(2);
  await settled;
  expect(value.value).toBe(2);
});

test('a load that fails leaves what was there, and says why until one succeeds', async () => {
  const { loads, value, error, reload } = openStage();
  const failed = reload();
  loads[0]?.answer(1);
  await vi.waitFor(() => expect(loads.length).toBe(2));
  loads[1]?.fail(new Error('away'));
  await failed;
  expect([value.value, error.value]).toEqual([1, new Error('away')]);
  const again = reload();
  loads[2]?.answer(3);
  await again;
  expect([value.value, error.value]).toEqual([3, null]);
});

test('what is under way ends with the component, and nothing comes after it', async () => {
  const { loads, value, error, reload, scope } = openStage();
  const settled = reload();
  scope.stop();
  expect(loads[0]?.signal.aborted).toBe(true);
  await settled;
  expect([loads.length, value.value, error.value]).toEqual([1, null, null]);
});
