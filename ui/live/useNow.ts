// The one clock that relative times tick by: it runs while somebody looks at it.

import { onScopeDispose, readonly, shallowRef, type Ref } from 'vue';
import { browserClock } from './browserClock.ts';

/** Raised: seconds are skipped; lowered: every time on the page is made again for nothing. */
const TICK_MS = 1_000;

const nowMs = shallowRef(browserClock.wallMs());
let watchers = 0;
let cancel = (): void => {};

/** Milliseconds since 1970, a second apart. Inside a component's setup or another scope. */
export function useNow(): Readonly<Ref<number>> {
  watchers += 1;
  if (watchers === 1) tick();
  onScopeDispose(() => {
    watchers -= 1;
    if (watchers === 0) cancel();
  });
  return readonly(nowMs);
}

function tick(): void {
  nowMs.value = browserClock.wallMs();
  cancel = browserClock.setTimer(TICK_MS, tick);
}
