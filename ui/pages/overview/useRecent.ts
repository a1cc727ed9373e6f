// The last requests, as they were loaded and as the hub has told since, and what they say of the traffic.

import { computed, shallowRef, triggerRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { listRequests } from '../../api/logs.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useHeard } from '../../live/useHeard.ts';
import { useStatus } from '../../live/useStatus.ts';
import { newestOf, unknownOf, type EndedRequest } from './lastRequests.ts';
import { createTraffic, type Traffic } from './traffic.ts';

/** More than are shown: the traffic of the last minutes is counted from them too. */
const LOADED = 100;
const SHOWN = 10;

/** Remembered, so that none is counted twice. Raised: every message of the hub costs more. */
const KNOWN = 500;

export interface RecentTraffic {
  /** The last one that ended first; null until they are loaded. */
  readonly requests: ShallowRef<readonly EndedRequest[] | null>;
  readonly traffic: ComputedRef<Traffic>;
  /** Some request was answered by a service; null until that is known. */
  readonly hasServed: ShallowRef<boolean | null>;
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  reload(): Promise<void>;
}

export function useRecent(): RecentTraffic {
  const { recentRequests, isLive } = useStatus();
  const heardMs = useHeard();
  const requests = shallowRef<readonly EndedRequest[] | null>(null);
  const hasServed = shallowRef<boolean | null>(null);
  const tally = shallowRef(createTraffic(browserClock.wallMs()));
  let known: readonly EndedRequest[] = [];
  const { value, error, isLoading, reload } = useLoaded((signal) => listRequests({ limit: LOADED }, signal));

  watch(value, (loaded, before) => {
    if (loaded === null) return;
    const oldest = loaded.length < LOADED ? undefined : loaded.at(-1);
    if (before === null) tally.value = createTraffic(oldest === undefined ? 0 : Date.parse(oldest.timestamp));
    hasServed.value ??= false;
    take(loaded, 0);
  });
  recentRequests.subscribe((items, left) => {
    if (requests.value !== null) take(items, left);
  });
  // What ended before the hub was heard is not told again.
  watch(isLive, (isBack) => {
    if (isBack) void reload();
  });

  function take(items: readonly RequestLogEntry[], left: number): void {
    const ended = unknownOf(items, known, KNOWN);
    const fresh = ended.map(({ request }) => request);
    known = newestOf([...ended, ...known], KNOWN);
    requests.value = known.slice(0, SHOWN);
    if (fresh.some(isServed)) hasServed.value = true;
    tally.value.add(fresh, left, browserClock.wallMs());
    triggerRef(tally);
  }

  const traffic = computed(() => tally.value.read(heardMs.value));
  return { requests, traffic, hasServed, error, isLoading, reload };
}

function isServed({ outcome, statusCode }: RequestLogEntry): boolean {
  return outcome === 'complete' && statusCode !== null && statusCode < 500;
}
