// Requests under way, asked for again whenever the hub has told that some have moved: at most once a second.

import { onScopeDispose, watch } from 'vue';
import type { RelayList } from '../../../protocol/api/relays.ts';
import { listRelays } from '../../api/relays.ts';
import { useLoaded, type Loaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';

/** The status moves for other reasons too. Lowered: the agent is asked more often while much is going on. */
const GAP_MS = 1_000;

export function useRelays(): Loaded<RelayList> {
  const { status } = useStatus();
  const relays = useLoaded((signal) => listRelays(signal));
  let cancel: (() => void) | null = null;
  let isDue = false;

  function look(): void {
    isDue = false;
    // Asked at once, and then not for a while: what comes meanwhile is looked at when that is over.
    cancel = browserClock.setTimer(GAP_MS, () => {
      cancel = null;
      if (isDue) look();
    });
    void relays.reload();
  }

  watch(status, (now) => {
    const isEmpty = now?.relays === 0 && relays.value.value?.total === 0;
    if (isEmpty) return;
    if (cancel === null) look();
    else isDue = true;
  });
  onScopeDispose(() => cancel?.());
  return relays;
}
