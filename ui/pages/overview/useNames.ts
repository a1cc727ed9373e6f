// The names of the few mappings that are shown: asked for one by one, as an agent may have thousands.

import { computed, onScopeDispose, shallowRef, watch, type ComputedRef } from 'vue';
import { readMapping } from '../../api/mappings.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';
import type { Names } from './troubles.ts';

/** Edits may come many times a second. Lowered: every name that is shown is asked for more often. */
const ROUND_MS = 5_000;

/** One that is gone or cannot be read has none; one that is missing is not known yet. */
export function useNames(ids: () => readonly string[]): ComputedRef<Names> {
  const { status, routes, edition, isLive } = useStatus();
  const known = shallowRef<Names>(new Map());
  const asked = new Set<string>();

  /** Rises when names that are known may be others by now. */
  const round = shallowRef(0);
  let cancel: (() => void) | null = null;
  let isDue = false;

  function beginRound(): void {
    isDue = false;
    asked.clear();
    round.value += 1;
    cancel = browserClock.setTimer(ROUND_MS, () => {
      cancel = null;
      if (isDue) beginRound();
    });
  }

  watch([edition, isLive], () => {
    if (cancel === null) beginRound();
    else isDue = true;
  });
  onScopeDispose(() => cancel?.());
  watch(
    [ids, routes, round, isLive],
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
