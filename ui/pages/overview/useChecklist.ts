// Whether the checklist is shown: until all is done for the first time, which this browser remembers.

import { computed, shallowRef, watch, type ComputedRef } from 'vue';
import { isAllDone, type Step } from './checklist.ts';

const STORAGE_KEY = 'octoporty.setup';

export interface Checklist {
  readonly isShown: ComputedRef<boolean>;
  readonly isDone: ComputedRef<boolean>;
  close(): void;
}

/** `steps` is null until enough is known to tick them. What is done at first sight is never shown. */
export function useChecklist(steps: () => readonly Step[] | null): Checklist {
  const isClosed = shallowRef(isRemembered());
  const wasOpen = shallowRef(false);
  const isDone = computed(() => {
    const known = steps();
    return known !== null && isAllDone(known);
  });

  watch(
    [steps, isDone],
    ([known, isAll]) => {
      if (known === null || isClosed.value) return;
      if (!isAll) wasOpen.value = true;
      else remember();
    },
    { immediate: true },
  );

  return {
    isShown: computed(() => wasOpen.value && !isClosed.value),
    isDone,
    close() {
      isClosed.value = true;
    },
  };
}

function isRemembered(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'done';
  } catch {
    return false;
  }
}

function remember(): void {
  try {
    localStorage.setItem(STORAGE_KEY, 'done');
  } catch {
    // A browser that stores nothing: what is done is not shown anyway.
    return;
  }
}
