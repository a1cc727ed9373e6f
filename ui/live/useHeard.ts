// Until when the agent was heard: of the time since, nothing is known.

import { computed, type ComputedRef } from 'vue';
import { useNow } from './useNow.ts';
import { useStatus } from './useStatus.ts';

/** Milliseconds since 1970: now, and while the hub is away the moment it went. */
export function useHeard(): ComputedRef<number> {
  const { isLive, sinceMs } = useStatus();
  const nowMs = useNow();
  return computed(() => (isLive.value ? nowMs.value : sinceMs.value));
}
