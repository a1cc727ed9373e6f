// The names of the few mappings that are shown: asked for one by one, as an agent may have thousands.

import { shallowRef, watch, type ShallowRef } from 'vue';
import { readMapping } from '../../api/mappings.ts';
import { useStatus } from '../../live/useStatus.ts';

/** By id. One that is gone, or not loaded yet, is missing. */
export function useNames(ids: () => readonly string[]): ShallowRef<ReadonlyMap<string, string>> {
  const { routes, edition } = useStatus();
  const names = shallowRef<ReadonlyMap<string, string>>(new Map());
  const asked = new Set<string>();

  watch(edition, () => asked.clear());
  watch(
    [ids, routes, edition],
    ([wanted]) => {
      for (const id of new Set(wanted)) {
        // The hub tells of every mapping there is: one without a route is gone.
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
      names.value = new Map([...names.value, [id, name]]);
    } catch {
      // The row goes without a name; the next edit or visit asks again.
      asked.delete(id);
    }
  }

  return names;
}
