// All mappings, loaded by pages and kept up to date: edited here or elsewhere, how their routes stand, who asked for them.

import { computed, watch, type ComputedRef, type Ref } from 'vue';
import type { Activity, MappingView } from '../../../protocol/api/mappings.ts';
import { listMappings } from '../../api/mappings.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';
import { createRouteMerge } from './routeMerge.ts';
import { useActivity } from './useActivity.ts';

export interface MappingList {
  /** With their routes as the hub tells them; null before the first page is there. */
  readonly mappings: ComputedRef<readonly MappingView[] | null>;
  readonly activityOf: (id: string) => Activity;
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  /** Loads again, once what is under way is done. */
  readonly refresh: () => Promise<void>;
  /** In the place of the one with this id, until something newer is loaded. */
  readonly put: (mapping: MappingView) => void;
}

/** What was loaded longer ago is loaded again as requests come: which of its requests have grown old is not told. Lowered: thousands of mappings are read for a few counts. */
const COUNTS_MS = 600_000;

export function useMappings(): MappingList {
  const { edition, isLive, routes, recentRequests } = useStatus();
  const { note, activityOf } = useActivity();
  const withRoutes = createRouteMerge();
  /** As the agent has answered edits made here: a list that was read before them is older. */
  const saved = new Map<string, MappingView>();
  let loadedAtMs = browserClock.wallMs();

  const { value, error, isLoading, reload } = useLoaded(async (signal) => {
    let noted = 0;
    const take = (soFar: readonly MappingView[]) => {
      note(soFar.slice(noted));
      noted = soFar.length;
      return soFar.map(newest);
    };
    const all = await listMappings(signal, (soFar) => {
      const taken = take(soFar);
      if (value.value === null || value.value.length < taken.length) value.value = taken;
    });
    loadedAtMs = browserClock.wallMs();
    return take(all);
  });

  function newest(mapping: MappingView): MappingView {
    const mine = saved.get(mapping.id);
    return mine !== undefined && mine.updatedAt > mapping.updatedAt ? mine : mapping;
  }

  watch(edition, reload);
  watch(isLive, (isBack) => {
    if (isBack) void reload();
  });
  recentRequests.subscribe(() => {
    if (browserClock.wallMs() - loadedAtMs <= COUNTS_MS) return;
    loadedAtMs = browserClock.wallMs();
    void reload();
  });

  return {
    mappings: computed(() => (value.value === null ? null : withRoutes(value.value, routes.value))),
    activityOf,
    error,
    isLoading,
    refresh: reload,
    put(mapping) {
      saved.set(mapping.id, mapping);
      note([mapping]);
      value.value = value.value?.map((each) => (each.id === mapping.id ? newest(each) : each)) ?? null;
    },
  };
}
