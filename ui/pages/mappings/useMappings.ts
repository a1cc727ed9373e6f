// All mappings, loaded by pages and kept up to date: edited here or elsewhere, and how their routes stand.

import { computed, watch, type ComputedRef, type Ref } from 'vue';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { listMappings } from '../../api/mappings.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';

export interface MappingList {
  /** With their routes as the hub tells them; null before the first page is there. */
  readonly mappings: ComputedRef<readonly MappingView[] | null>;
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  /** Loads again, once what is under way is done. */
  readonly refresh: () => void;
  /** In the place of the one with this id. */
  readonly put: (mapping: MappingView) => void;
}

/** How old counts of requests may become while requests arrive. Lowered: many mappings are loaded again more often. */
const COUNTS_MS = 60_000;

export function useMappings(): MappingList {
  const { edition, isLive, routes, recentRequests } = useStatus();
  let loadedAtMs = browserClock.wallMs();
  let isDue = false;

  const { value, error, isLoading, reload } = useLoaded(async (signal) => {
    isDue = false;
    const loaded = await listMappings(signal, (soFar) => {
      if (value.value === null || value.value.length < soFar.length) value.value = soFar;
    });
    loadedAtMs = browserClock.wallMs();
    return loaded;
  });

  function refresh(): void {
    // Edits may come faster than thousands of mappings are loaded: a load is let finish.
    if (isLoading.value) isDue = true;
    else void reload();
  }

  watch(isLoading, (isBusy) => {
    if (!isBusy && isDue) void reload();
  });
  watch(edition, refresh);
  watch(isLive, (isBack) => {
    if (isBack) refresh();
  });
  recentRequests.subscribe(() => {
    if (browserClock.wallMs() - loadedAtMs > COUNTS_MS) refresh();
  });

  return {
    mappings: computed(
      () =>
        value.value?.map((mapping) => {
          const route = routes.value.get(mapping.id);
          return route === undefined ? mapping : { ...mapping, route };
        }) ?? null,
    ),
    error,
    isLoading,
    refresh,
    put(saved) {
      value.value = value.value?.map((mapping) => (mapping.id === saved.id ? saved : mapping)) ?? null;
    },
  };
}
