// The last requests, as they were loaded and as the hub has told since, and what they say of the traffic.

import {
  computed,
  onScopeDispose,
  shallowRef,
  triggerRef,
  watch,
  type ComputedRef,
  type Ref,
  type ShallowRef,
} from 'vue';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { listRequests } from '../../api/logs.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useHeard } from '../../live/useHeard.ts';
import { useStatus } from '../../live/useStatus.ts';
import { newestOf, unknownOf } from './lastRequests.ts';
import { createTraffic, type Traffic } from './traffic.ts';

/** More than are shown: the traffic of the last minutes is counted from them too. */
const LOADED = 100;
const SHOWN = 10;

/** A request that ended before the page listened may wait that long to be stored: what is loaded is then loaded once more. */
const STORED_MS = 2_500;

export interface RecentTraffic {
  /** The newest first; null until they are loaded. */
  readonly requests: ShallowRef<readonly RequestLogEntry[] | null>;
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
  const requests = shallowRef<readonly RequestLogEntry[] | null>(null);
  const hasServed = shallowRef<boolean | null>(null);
  const tally = shallowRef(createTraffic(browserClock.wallMs()));
  let known: readonly RequestLogEntry[] = [];
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
  // What was told while the page was away is not told again.
  watch(isLive, (isBack) => {
    if (!isBack) return;
    if (value.value !== null) void reload();
    loadAgain();
  });
  let cancel = (): void => {};
  if (isLive.value) loadAgain();
  onScopeDispose(() => cancel());

  function loadAgain(): void {
    cancel();
    cancel = browserClock.setTimer(STORED_MS, () => void reload());
  }

  function take(items: readonly RequestLogEntry[], left: number): void {
    const fresh = unknownOf(items, known);
    known = newestOf([...fresh, ...known], LOADED);
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
