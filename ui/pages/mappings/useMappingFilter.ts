// The filter of the list, kept in the address: a link to it shows the same rows, and the way back does too.

import { computed, type ComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { filterOf, queryOf, type MappingFilter } from './mappingFilter.ts';

export interface FilterInAddress {
  readonly filter: ComputedRef<MappingFilter>;
  /** Begins at the first page again unless a page is named. */
  readonly refine: (change: Partial<MappingFilter>) => void;
}

export function useMappingFilter(): FilterInAddress {
  const route = useRoute();
  const router = useRouter();
  const filter = computed(() => filterOf(route.query));
  return {
    filter,
    refine(change) {
      const query = queryOf({ ...filter.value, page: 1, ...change });
      void router.replace({ query });
    },
  };
}
