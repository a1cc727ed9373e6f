// When the agent was started: its status tells how long it was up when it was told.

import { computed, shallowRef, watch, type ComputedRef } from 'vue';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';

/** Null until that is known. */
export function useStartedAt(): ComputedRef<string | null> {
  const { status } = useStatus();
  const startedMs = shallowRef<number | null>(null);
  watch(
    status,
    (now, before) => {
      if (now === null) return;
      const measuredMs = browserClock.wallMs() - now.uptimeSeconds * 1000;
      // What was on its way for long makes it too late; one that was up for longer before was another run.
      const isAnew = before !== undefined && before !== null && now.uptimeSeconds < before.uptimeSeconds;
      if (isAnew || startedMs.value === null || measuredMs < startedMs.value) startedMs.value = measuredMs;
    },
    { immediate: true },
  );
  return computed(() => (startedMs.value === null ? null : new Date(startedMs.value).toISOString()));
}
