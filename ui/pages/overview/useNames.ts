// The names of the few mappings that are shown: asked for one by one, as an agent may have thousands.

import { computed, shallowRef, watch, type ComputedRef } from 'vue';
import { readMapping } from '../../api/mappings.ts';
import { useStatus } from '../../live/useStatus.ts';
import type { Names } from './troubles.ts';

/** One that is gone or cannot be read has none; one that is missing is not known yet. */
export function useNames(ids: () => readonly string[]): ComputedRef<Names> {
  const { status, routes, edition, isLive } = useStatus();
  const known = shallowRef<Names>(new Map());
  const asked = new Set<string>();

  watch([edition, isLive], () => asked.clear());
  watch(
    [ids, routes, edition, isLive],
    ([wanted]) => {
      if (!isLive.value) return;
      for (const id of new Set(wanted)) {
        if (asked.has(id) || !routes.value.has(id)) continue;
        asked.add(id);
        void load(id);
      }
    },
    { immediate: true },
  );

  async function load(id: string): Promise<void> {
    try {
      const { name } = await readMapping(id);
      known.value = new Map([...known.value, [id, name]]);
    } catch {
      // It goes without a new name; the next edit or visit asks again.
      known.value = new Map([[id, null], ...known.value]);
    }
  }

  /** The hub tells of every mapping there is: one without a route is gone. */
  function isGone(id: string): boolean {
    return status.value !== null && !routes.value.has(id);
  }

  return computed(() => {
    const gone = ids().filter((id) => !known.value.has(id) && isGone(id));
    return gone.length === 0
      ? known.value
      : new Map([...known.value, ...gone.map((id) => [id, null] as const)]);
  });
}
