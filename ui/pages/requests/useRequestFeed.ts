// The one owner of the list of requests: reads the log, hears the live ones, and catches up after a gap.

import { onScopeDispose, shallowReadonly, shallowRef, watch, type Ref } from 'vue';
import { listRequests } from '../../api/logs.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { useStatus } from '../../live/useStatus.ts';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import {
  EMPTY_FEED,
  isFull,
  withLive,
  withLoss,
  withNewest,
  withOlder,
  withWaitingShown,
  type RequestFeed,
} from './requestFeed.ts';
import { filterOf, isChosen, type RequestChoice } from './requestFilter.ts';
import { useRequestsPerFrame } from './useRequestsPerFrame.ts';

/** Rows of one page of the log. Raised: the first ones are seen later. */
const PAGE_ROWS = 200;

export interface RequestList {
  readonly feed: Readonly<Ref<RequestFeed>>;
  /** Why the newest could not be read; null while all is well. */
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  readonly olderError: Readonly<Ref<unknown>>;
  readonly isLoadingOlder: Readonly<Ref<boolean>>;
  /** Does nothing when there are none, the list is full, or it is being done. */
  loadOlder(): Promise<void>;
  showWaiting(): void;
  /** Begins with an empty list. */
  startOver(): void;
  /** Reads the log from its newest on; what is shown stays until that is done, and when it fails. */
  loadAnew(): void;
}

/** While `isHeld` nothing moves: new ones wait. */
export function useRequestFeed(
  choice: Readonly<Ref<RequestChoice>>,
  isHeld: Readonly<Ref<boolean>>,
): RequestList {
  const { isLive } = useStatus();
  const feed = shallowRef<RequestFeed>(EMPTY_FEED);
  const newest = useLoaded(readPage);
  const olderError = shallowRef<unknown>(null);
  const isLoadingOlder = shallowRef(false);
  let older: AbortController | null = null;
  let isAnew = false;

  function readPage(signal: AbortSignal, before?: string): Promise<RequestLogEntry[]> {
    return listRequests({ ...filterOf(choice.value), limit: PAGE_ROWS, before }, signal);
  }

  useRequestsPerFrame((items, left) => {
    const chosen = items.filter((row) => isChosen(choice.value, row));
    if (chosen.length > 0 || left > 0) feed.value = withLive(feed.value, chosen, left);
    settle();
  });

  /** Shows what waits unless the list is not there yet, or held: an empty one holds nothing. */
  function settle(): void {
    const { isLoaded, shown } = feed.value;
    if (isLoaded && (!isHeld.value || shown.length === 0)) showWaiting();
  }

  function showWaiting(): void {
    feed.value = withWaitingShown(feed.value);
  }

  watch(newest.value, (items) => {
    if (items === null) return;
    const before = isAnew ? { ...EMPTY_FEED, waiting: feed.value.waiting } : feed.value;
    isAnew = false;
    feed.value = withNewest(before, items, items.length < PAGE_ROWS);
    settle();
  });
  watch(isHeld, settle);

  async function loadOlder(): Promise<void> {
    const last = feed.value.shown.at(-1);
    if (last === undefined || !feed.value.hasOlder || isFull(feed.value) || isLoadingOlder.value) return;
    const mine = new AbortController();
    older = mine;
    isLoadingOlder.value = true;
    try {
      const items = await readPage(mine.signal, last.id);
      if (older !== mine) return;
      feed.value = withOlder(feed.value, items, items.length < PAGE_ROWS);
      olderError.value = null;
    } catch (thrown) {
      if (older !== mine) return;
      olderError.value = thrown;
    }
    isLoadingOlder.value = false;
  }

  function dropOlder(): void {
    older?.abort();
    older = null;
    isLoadingOlder.value = false;
    olderError.value = null;
  }

  function startOver(): void {
    feed.value = EMPTY_FEED;
    loadAnew();
  }

  function loadAnew(): void {
    dropOlder();
    isAnew = true;
    void newest.restart();
  }

  watch(choice, startOver);
  watch(isLive, (isBack) => {
    // What ended before the hub was heard is in the log's answer from then on.
    if (isBack) void newest.reload();
    else feed.value = withLoss(feed.value);
  });
  onScopeDispose(dropOlder);

  return {
    feed: shallowReadonly(feed),
    error: newest.error,
    isLoading: newest.isLoading,
    olderError: shallowReadonly(olderError),
    isLoadingOlder: shallowReadonly(isLoadingOlder),
    loadOlder,
    showWaiting,
    startOver,
    loadAnew,
  };
}
