// The mappings that requests belong to: loaded once, and again when somebody edits one, or when what was away is back.

import { computed, watch, type ComputedRef } from 'vue';
import { listMappings } from '../../api/mappings.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { useBackAgain } from '../../components/useBackAgain.ts';
import { useStatus } from '../../live/useStatus.ts';
import type { MappingView } from '../../../protocol/api/mappings.ts';

/** By id. Null until they are loaded: which are gone is not known. */
export function useMappingNames(): ComputedRef<ReadonlyMap<string, MappingView> | null> {
  const { edition } = useStatus();
  const { value, reload } = useLoaded((signal) => listMappings(signal));
  watch(edition, reload);
  useBackAgain(() => void reload());
  return computed(() =>
    value.value === null ? null : new Map(value.value.map((mapping) => [mapping.id, mapping])),
  );
}
