// Whether the services behind mappings answer, live: from the last requests in the log on.

import { shallowRef, triggerRef, watch } from 'vue';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { listRequests } from '../../api/logs.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { useStatus } from '../../live/useStatus.ts';
import { createAnswerTally } from './answerTally.ts';

/** Looked at of the log: the newest may have been left by their visitors. Raised: more is read for what is asked of the last one. */
const LAST_REQUESTS = 200;

/** For `RouteState`; of one mapping, or of all. Without the log it is known from the first request on that the hub tells of. */
export function useAnswers(mappingId?: string): {
  failureOf: (mapping: Pick<MappingView, 'id' | 'updatedAt'>) => string | null;
} {
  const { recentRequests, isLive } = useStatus();
  const tally = shallowRef(createAnswerTally());
  const { value, reload } = useLoaded((signal) => listRequests({ mappingId, limit: LAST_REQUESTS }, signal));

  function take(items: Parameters<ReturnType<typeof createAnswerTally>['add']>[0]): void {
    tally.value.add(items);
    triggerRef(tally);
  }

  watch(value, (items) => take(items ?? []));
  watch(isLive, (isBack) => {
    if (isBack) void reload();
  });
  recentRequests.subscribe((items) => take(items));
  return { failureOf: (mapping) => tally.value.failureOf(mapping) };
}
