// Asks before a page with unsaved changes is left: within the dashboard by a dialog, otherwise by the browser's own.

import { onMounted, onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue';
import { onBeforeRouteLeave, onBeforeRouteUpdate, type RouteLocation } from 'vue-router';
import { useSession } from '../../live/useSession.ts';

export interface UnsavedGuard {
  /** The dialog is open; closing it is staying. */
  readonly isAsking: ShallowRef<boolean>;
  /** Leaves after all. */
  readonly leave: () => void;
}

export function useUnsavedGuard(isDirty: () => boolean): UnsavedGuard {
  const { isLoggedIn } = useSession();
  const isAsking = shallowRef(false);
  /** Somebody has said so: where the page is loaded anew on the way, the browser need not ask again. */
  let mayGo = false;
  let answer = (_mayLeave: boolean): void => {};

  function mayLeave(to: RouteLocation, from: RouteLocation): boolean | Promise<boolean> {
    // Whoever is logged out already cannot save either.
    if (!isDirty() || !isLoggedIn.value || to.path === from.path) return true;
    answer(false);
    mayGo = false;
    isAsking.value = true;
    return new Promise((resolve) => (answer = resolve));
  }

  function beforeUnload(event: BeforeUnloadEvent): void {
    if (isDirty() && !mayGo) event.preventDefault();
  }

  onBeforeRouteLeave(mayLeave);
  onBeforeRouteUpdate(mayLeave);
  watch(isAsking, (isOpen) => {
    if (!isOpen) answer(false);
  });
  onMounted(() => window.addEventListener('beforeunload', beforeUnload));
  onScopeDispose(() => window.removeEventListener('beforeunload', beforeUnload));
  return {
    isAsking,
    leave() {
      mayGo = true;
      answer(true);
    },
  };
}
