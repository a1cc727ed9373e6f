// Whether a page is long in coming: until then nothing shows that a click was heard.

import { onScopeDispose, readonly, shallowRef, type Ref } from 'vue';
import { useRouter } from 'vue-router';
import { browserClock } from '../live/browserClock.ts';

/** Lowered: it flashes at every page. */
const PATIENCE_MS = 300;

/** Also while the first page waits for the agent to say who is there. */
export function useSlowPage(): Readonly<Ref<boolean>> {
  const router = useRouter();
  const isSlow = shallowRef(false);
  let cancel = (): void => {};

  function begin(): void {
    cancel();
    cancel = browserClock.setTimer(PATIENCE_MS, () => (isSlow.value = true));
  }

  function end(): void {
    cancel();
    isSlow.value = false;
  }

  if (router.currentRoute.value.matched.length === 0) begin();
  const leave = [
    // Another address of the same page waits for nothing.
    router.beforeEach((to, from) => {
      if (to.name !== from.name) begin();
    }),
    router.afterEach(end),
    router.onError(end),
  ];
  onScopeDispose(() => {
    cancel();
    for (const each of leave) each();
  });
  return readonly(isSlow);
}
