// When the tunnel was last online, while it is not: its machine forgets that after some dials.

import { computed, watch, type ComputedRef } from 'vue';
import { listConnections } from '../../api/logs.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { useStatus } from '../../live/useStatus.ts';
import { isOnline } from '../../words/connectionWords.ts';

/** Null while it is online, when it never was, or as long as nobody knows. */
export function useLastOnline(): ComputedRef<string | null> {
  const { status } = useStatus();
  const isUp = computed(() => status.value !== null && isOnline(status.value.state));
  const { value, reload } = useLoaded(async (signal) => {
    const [last] = await listConnections({ limit: 1 }, signal);
    return last?.disconnectedAt ?? null;
  });
  watch(isUp, reload);
  return computed(() => (isUp.value ? null : value.value));
}
