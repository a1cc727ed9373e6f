// The sessions of the tunnel: enough of them for the uptime strip, older ones on demand, and news as they happen.

import {
  computed,
  onScopeDispose,
  shallowReadonly,
  shallowRef,
  watch,
  type ComputedRef,
  type Ref,
} from 'vue';
import { listConnections } from '../../api/logs.ts';
import { useLoaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';
import { isOnline } from '../../words/connectionWords.ts';
import type { ConnectionLogEntry } from '../../../protocol/api/logs.ts';
import { MAX_PAGE_ITEMS } from '../../../protocol/api/values.ts';
import { lastDayStarts } from './uptime.ts';

/** Days of the strip. */
export const STRIP_DAYS = 30;

/** Pages read for the strip at most: as many as the agent keeps. Raised: a tunnel that flaps makes the page slow. */
const MAX_STRIP_PAGES = 20;

/** The agent writes its log that much later, at most. */
const WRITTEN_MS = 2_000;

interface Sessions {
  /** The newest first. */
  readonly items: readonly ConnectionLogEntry[];
  readonly hasOlder: boolean;
}

export interface Connections {
  /** Null until they are loaded. */
  readonly sessions: Readonly<Ref<Sessions | null>>;
  /** Nothing is known of what was before; null: of nothing at all. */
  readonly knownFromMs: ComputedRef<number | null>;
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  reload(): Promise<void>;
  readonly olderError: Readonly<Ref<unknown>>;
  readonly isLoadingOlder: Readonly<Ref<boolean>>;
  loadOlder(): Promise<void>;
}

export function useConnections(): Connections {
  const { status, isLive } = useStatus();
  const { value: sessions, error, isLoading, reload } = useLoaded(readStrip);
  const olderError = shallowRef<unknown>(null);
  const isLoadingOlder = shallowRef(false);

  const isUp = computed(() => (status.value === null ? null : isOnline(status.value.state)));
  let cancel = (): void => {};
  // The level is told before the log is written.
  watch([isUp, isLive], () => {
    if (!isLive.value) return;
    void reload();
    cancel();
    cancel = browserClock.setTimer(WRITTEN_MS, () => void reload());
  });
  onScopeDispose(() => cancel());

  async function loadOlder(): Promise<void> {
    const known = sessions.value;
    const last = known?.items.at(-1);
    if (known?.hasOlder !== true || last === undefined || isLoadingOlder.value) return;
    isLoadingOlder.value = true;
    try {
      const items = await listConnections({ before: last.id, limit: MAX_PAGE_ITEMS });
      // Loaded again meanwhile: these may not be the next ones any more.
      if (sessions.value === known) sessions.value = joined(known.items, items);
      olderError.value = null;
    } catch (thrown) {
      olderError.value = thrown;
    }
    isLoadingOlder.value = false;
  }

  /** A session that began before the known ones tells that the agent was there before. */
  const knownFromMs = computed(() => {
    const last = sessions.value?.items.at(-1);
    return last === undefined ? null : Date.parse(last.connectedAt);
  });

  return {
    sessions: shallowReadonly(sessions),
    knownFromMs,
    error,
    isLoading,
    reload,
    olderError: shallowReadonly(olderError),
    isLoadingOlder: shallowReadonly(isLoadingOlder),
    loadOlder,
  };
}

/** Page after page, until one session began before the strip: those before it had ended by then. */
async function readStrip(signal: AbortSignal): Promise<Sessions> {
  const [stripMs = 0] = lastDayStarts(browserClock.wallMs(), STRIP_DAYS);
  let read: Sessions = { items: [], hasOlder: true };
  for (let page = 0; page < MAX_STRIP_PAGES && read.hasOlder; page += 1) {
    const last = read.items.at(-1);
    if (last !== undefined && Date.parse(last.connectedAt) < stripMs) break;
    const items = await listConnections({ before: last?.id, limit: MAX_PAGE_ITEMS }, signal);
    read = joined(read.items, items);
  }
  return read;
}

function joined(known: readonly ConnectionLogEntry[], items: readonly ConnectionLogEntry[]): Sessions {
  return { items: [...known, ...items], hasOlder: items.length === MAX_PAGE_ITEMS };
}
