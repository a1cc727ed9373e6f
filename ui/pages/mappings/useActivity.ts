// What mappings were asked for: as it was loaded, and what the hub has told since.

import { shallowRef } from 'vue';
import type { Activity, MappingView } from '../../../protocol/api/mappings.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';

interface Heard {
  readonly count: number;
  readonly lastSeen: string;
}

const HOUR_MS = 3_600_000;

export function useActivity(): { activityOf: (mapping: MappingView) => Activity } {
  const { recentRequests } = useStatus();
  const heard = shallowRef<ReadonlyMap<string, Heard>>(new Map());
  /** How many had been heard of when a mapping was loaded: they are in its own count. */
  const countedBefore = new WeakMap<MappingView, number>();

  recentRequests.subscribe((items) => {
    const next = new Map(heard.value);
    for (const { portMappingId, timestamp } of items) {
      const before = next.get(portMappingId);
      const isNewer = before === undefined || timestamp > before.lastSeen;
      next.set(portMappingId, {
        count: (before?.count ?? 0) + 1,
        lastSeen: isNewer ? timestamp : before.lastSeen,
      });
    }
    heard.value = next;
  });

  function activityOf(mapping: MappingView): Activity {
    const { count = 0, lastSeen = null } = heard.value.get(mapping.id) ?? {};
    if (!countedBefore.has(mapping)) countedBefore.set(mapping, count);
    const { activity } = mapping;
    const newest = laterOf(activity.lastSeen, lastSeen);
    const isQuiet = newest === null || browserClock.wallMs() - new Date(newest).getTime() > HOUR_MS;
    return {
      lastSeen: newest,
      requestsLastHour: isQuiet ? 0 : activity.requestsLastHour + count - (countedBefore.get(mapping) ?? 0),
    };
  }

  return { activityOf };
}

/** Instants of the API compare as texts. */
function laterOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}
