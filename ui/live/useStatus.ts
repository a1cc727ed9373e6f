// The one composable of what is live: App provides it, every page reads it.

import { inject, onScopeDispose, provide, shallowRef, watch, type InjectionKey, type ShallowRef } from 'vue';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import type { MachineView } from '../../protocol/api/machines.ts';
import type { Route } from '../../protocol/api/mappings.ts';
import type { Status } from '../../protocol/api/status.ts';
import { followEntrance } from '../format/addresses.ts';
import { browserClock, followAgentClock } from './browserClock.ts';
import { connectHub, createHub, type Hub } from './hub.ts';
import { createTurnedAway, type Trouble } from './turnedAway.ts';
import { useSession } from './useSession.ts';

export interface LiveStatus {
  /** Null until the hub has told it for the first time; the last one stays while the hub is away. */
  readonly status: ShallowRef<Status | null>;
  readonly machines: ShallowRef<readonly MachineView[]>;
  /** By mapping id. */
  readonly routes: ShallowRef<ReadonlyMap<string, Route>>;
  /** Rises with every edit of a mapping, by whomever: what lists mappings loads them again. */
  readonly edition: ShallowRef<number>;
  readonly recentRequests: RecentRequests;
  /** False: what is shown may be old. */
  readonly isLive: ShallowRef<boolean>;
  /** Why it is not live, while it is not. For `wordsOfTrouble`. */
  readonly trouble: ShallowRef<Trouble>;
  /** Since when `isLive` is what it is: milliseconds since 1970. */
  readonly sinceMs: ShallowRef<number>;
}

export interface RecentRequests {
  /**
   * Requests as they end, the oldest of a message first; `left` more were too many to tell. Ends with the component in
   * whose setup it is called, or when the returned function is.
   */
  subscribe(listener: RequestsListener): () => void;
}

export type RequestsListener = (items: readonly RequestLogEntry[], left: number) => void;

const KEY: InjectionKey<LiveStatus> = Symbol('status');

export function useStatus(): LiveStatus {
  const live = inject(KEY);
  if (live === undefined) throw new Error('useStatus: no App above has provided it.');
  return live;
}

/** Once, in App: follows the hub while somebody is logged in. */
export function provideStatus(): LiveStatus {
  const { isLoggedIn } = useSession();
  const listeners = new Set<RequestsListener>();
  const live: LiveStatus = {
    status: shallowRef(null),
    machines: shallowRef([]),
    routes: shallowRef(new Map()),
    edition: shallowRef(0),
    isLive: shallowRef(false),
    trouble: shallowRef('away'),
    sinceMs: shallowRef(browserClock.wallMs()),
    recentRequests: {
      subscribe(listener) {
        listeners.add(listener);
        const leave = () => void listeners.delete(listener);
        onScopeDispose(leave, true);
        return leave;
      },
    },
  };

  function follow(): Hub {
    const turnedAway = createTurnedAway();
    live.trouble.value = 'away';
    return createHub({
      clock: browserClock,
      connect: connectHub,
      onTime: followAgentClock,
      onLevels({ status, machines, routes, edition }) {
        followEntrance(status.gateway.entrance ?? null);
        live.status.value = status;
        live.machines.value = machines;
        live.routes.value = routes;
        live.edition.value = edition;
      },
      onRequests(items, left) {
        for (const listener of listeners) listener(items, left);
      },
      onState(state) {
        if (state !== 'away') turnedAway.forget();
        live.trouble.value = state === 'outdated' ? 'outdated' : 'away';
        if (live.isLive.value === (state === 'live')) return;
        live.isLive.value = state === 'live';
        live.sinceMs.value = browserClock.wallMs();
      },
      onTurnedAway: () =>
        void turnedAway.ask().then((trouble) => {
          // It may have come back meanwhile, with another trouble or none.
          if (live.trouble.value !== 'outdated') live.trouble.value = trouble;
        }),
    });
  }

  let hub: Hub | null = null;
  watch(
    isLoggedIn,
    (isIn) => {
      hub?.stop();
      hub = isIn ? follow() : null;
      if (!isIn) live.status.value = null;
    },
    { immediate: true },
  );
  const hurry = () => hub?.hurry();
  const drop = () => hub?.drop();
  window.addEventListener('online', hurry);
  window.addEventListener('offline', drop);
  document.addEventListener('visibilitychange', hurry);
  onScopeDispose(() => {
    window.removeEventListener('online', hurry);
    window.removeEventListener('offline', drop);
    document.removeEventListener('visibilitychange', hurry);
    hub?.stop();
  });
  provide(KEY, live);
  return live;
}
