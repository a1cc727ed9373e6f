// The mappings that requests belong to: loaded once, and again when somebody edits one.

import { computed, watch, type ComputedRef } from 'vue';
import { listMappings } from '../../api/mappings.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { useStatus } from '../../live/useStatus.ts';
import type { MappingView } from '../../../protocol/api/mappings.ts';

/** By id. Empty until they are loaded: rows then go without a name for a moment. */
export function useMappingNames(): ComputedRef<ReadonlyMap<string, MappingView>> {
  const { edition } = useStatus();
  const { value, reload } = useLoaded((signal) => listMappings(signal));
  watch(edition, reload);
  return computed(() => new Map((value.value ?? []).map((mapping) => [mapping.id, mapping])));
}
