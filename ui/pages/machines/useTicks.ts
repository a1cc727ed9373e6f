// A clock for what is counted down by tenths of a second, while it is looked at.

import { onScopeDispose, readonly, shallowRef, toValue, watch, type MaybeRefOrGetter, type Ref } from 'vue';
import { browserClock } from '../../live/browserClock.ts';

const TICK_MS = 100;

/** Milliseconds since 1970; stands still while `isOn` is false. */
export function useTicks(isOn: MaybeRefOrGetter<boolean>): Readonly<Ref<number>> {
  const nowMs = shallowRef(browserClock.wallMs());
  let cancel = (): void => {};

  function tick(): void {
    nowMs.value = browserClock.wallMs();
    cancel = browserClock.setTimer(TICK_MS, tick);
  }

  watch(
    () => toValue(isOn),
    (isRunning) => {
      cancel();
      if (isRunning) tick();
    },
    { immediate: true },
  );
  onScopeDispose(() => cancel());
  return readonly(nowMs);
}
