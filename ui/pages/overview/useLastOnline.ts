// When the tunnel was last online, while it is not: its machine forgets that after some dials.

import { computed, onScopeDispose, watch, type ComputedRef } from 'vue';
import { listConnections } from '../../api/logs.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';
import { isOnline } from '../../words/connectionWords.ts';

/** The end of a connection waits a moment to be stored; the machine remembers for longer. */
const STORED_MS = 2_500;

/** Null while it is online, when it never was, or as long as nobody knows. */
export function useLastOnline(): ComputedRef<string | null> {
  const { status } = useStatus();
  const isUp = computed(() => status.value !== null && isOnline(status.value.state));
  const { value, reload } = useLoaded(async (signal) => {
    const [last] = await listConnections({ limit: 1 }, signal);
    return last?.disconnectedAt ?? null;
  });
  let cancel = (): void => {};
  watch(isUp, () => {
    cancel();
    cancel = browserClock.setTimer(STORED_MS, () => void reload());
  });
  onScopeDispose(() => cancel());
  return computed(() => (isUp.value ? null : value.value));
}
