// The request that the keyboard or a click has chosen, and whether all of it is shown.

import { computed, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { cursorAfter } from '../../keys/cursorAfter.ts';

export interface RequestCursor {
  readonly active: ComputedRef<RequestLogEntry | null>;
  /** -1: none. */
  readonly activeIndex: ComputedRef<number>;
  /** All of the active one is shown. Set to false: it stays active. */
  readonly isOpen: Ref<boolean>;
  open(row: RequestLogEntry): void;
  /** None is active any more. */
  clear(): void;
  /** False for a key that does nothing here. */
  press(key: string): boolean;
}

export function useRequestCursor(rows: () => readonly RequestLogEntry[]): RequestCursor {
  const activeId = shallowRef<string | null>(null);
  const isOpen = shallowRef(false);
  const activeIndex = computed(() =>
    activeId.value === null ? -1 : rows().findIndex(({ id }) => id === activeId.value),
  );
  const active = computed(() => rows()[activeIndex.value] ?? null);

  function clear(): void {
    activeId.value = null;
    isOpen.value = false;
  }

  // A list that has begun anew does not hold it any more.
  watch(active, (row) => {
    if (row === null) clear();
  });

  function escape(): boolean {
    if (activeId.value === null) return false;
    if (isOpen.value) isOpen.value = false;
    else clear();
    return true;
  }

  return {
    active,
    activeIndex,
    isOpen,
    open(row) {
      activeId.value = row.id;
      isOpen.value = true;
    },
    clear,
    press(key) {
      if (key === 'Escape') return escape();
      if (key === 'Enter') {
        isOpen.value = active.value !== null;
        return isOpen.value;
      }
      const to = cursorAfter(key, activeIndex.value, rows().length);
      const row = to === null ? undefined : rows()[to];
      if (row === undefined) return false;
      activeId.value = row.id;
      return true;
    },
  };
}
