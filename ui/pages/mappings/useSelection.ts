// Which rows are chosen to do something with them all: of those that are listed only.

import { computed, shallowRef, type ComputedRef } from 'vue';
import type { MappingView } from '../../../protocol/api/mappings.ts';

export interface Selection {
  readonly selected: ComputedRef<readonly MappingView[]>;
  readonly isAll: ComputedRef<boolean>;
  isSelected(id: string): boolean;
  select(id: string, isChosen: boolean): void;
  selectAll(isChosen: boolean): void;
}

export function useSelection(listed: () => readonly MappingView[]): Selection {
  const ids = shallowRef<ReadonlySet<string>>(new Set());
  const selected = computed(() => listed().filter(({ id }) => ids.value.has(id)));
  return {
    selected,
    isAll: computed(() => selected.value.length > 0 && selected.value.length === listed().length),
    isSelected: (id) => ids.value.has(id),
    select(id, isChosen) {
      const next = new Set(ids.value);
      if (isChosen) next.add(id);
      else next.delete(id);
      ids.value = next;
    },
    selectAll(isChosen) {
      ids.value = new Set(isChosen ? listed().map(({ id }) => id) : []);
    },
  };
}
