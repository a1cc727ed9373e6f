// The last hour by minute, kept current from the hub.

import { computed, shallowRef, triggerRef, watch, type ComputedRef, type Ref } from 'vue';
import type { SeriesPoint } from '../../../protocol/api/series.ts';
import { readSeries } from '../../api/series.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useHeard } from '../../live/useHeard.ts';
import { useStatus } from '../../live/useStatus.ts';
import { createMinuteSeries, MINUTE_MS, SHOWN_MINUTES, type MinuteSeries } from './minuteSeries.ts';

export interface Minutes {
  /** Null until it is loaded. */
  readonly points: ComputedRef<readonly SeriesPoint[] | null>;
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  reload(): Promise<void>;
}

export function useMinutes(): Minutes {
  const { recentRequests, isLive } = useStatus();
  const heardMs = useHeard();
  const minute = computed(() => Math.floor(heardMs.value / MINUTE_MS));
  const series = shallowRef<MinuteSeries | null>(null);
  const { value, error, isLoading, reload } = useLoaded((signal) => readSeries(SHOWN_MINUTES, signal));

  watch(value, (loaded) => {
    if (loaded !== null) series.value = createMinuteSeries(loaded);
  });
  recentRequests.subscribe((items, left) => {
    if (series.value === null) return;
    series.value.add(items, left, browserClock.wallMs());
    triggerRef(series);
  });
  // What was told while the page was away is not told again.
  watch(isLive, (isBack) => {
    if (isBack && series.value !== null) void reload();
  });

  const points = computed(() => series.value?.read(minute.value * MINUTE_MS) ?? null);
  return { points, error, isLoading, reload };
}
