// What mappings were asked for, live: it grows as requests end, and shrinks as they grow old.

import { computed, shallowRef, triggerRef } from 'vue';
import type { Activity, MappingView } from '../../../protocol/api/mappings.ts';
import { useHeard } from '../../live/useHeard.ts';
import { useStatus } from '../../live/useStatus.ts';
import { createActivityTally } from './activityTally.ts';

/** Raised: what is older than an hour goes later; lowered: every row is counted anew more often. */
const AGEING_MS = 10_000;

export interface LiveActivity {
  /** Just loaded: their own counts hold what was told of them before. */
  readonly note: (mappings: readonly Pick<MappingView, 'id' | 'activity'>[]) => void;
  /** Of one that was noted. */
  readonly activityOf: (id: string) => Activity;
}

export function useActivity(): LiveActivity {
  const { recentRequests } = useStatus();
  const heardMs = useHeard();
  const agedMs = computed(() => Math.floor(heardMs.value / AGEING_MS) * AGEING_MS);
  const tally = shallowRef(createActivityTally());

  recentRequests.subscribe((items) => {
    tally.value.add(items);
    triggerRef(tally);
  });

  return {
    note(mappings) {
      tally.value.note(mappings);
      triggerRef(tally);
    },
    activityOf: (id) => tally.value.read(id, agedMs.value),
  };
}
