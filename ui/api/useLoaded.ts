// What a page has loaded: nothing yet, a value, or why not. One load runs at a time.

import { onScopeDispose, shallowReadonly, shallowRef, type Ref, type ShallowRef } from 'vue';

export interface Loaded<T> {
  /** Null before the first load is done; an older value stays while a newer one is loaded, and when that fails. */
  readonly value: ShallowRef<T | null>;
  /** Why the last load failed; null while all is well. For FailedState. */
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  /**
   * The same once more: at once, or when what is under way is done, however often it is called meanwhile. Settled when
   * nothing is to be loaded any more, never rejected.
   */
  readonly reload: () => Promise<void>;
  /** Something else is asked for now: what is under way is dropped, and its answer never seen. Settled as `reload`. */
  readonly restart: () => Promise<void>;
}

/** A load under way for longer is dropped by the next: on a connection that died it would never end. Raised: a page is old for longer. */
const PATIENCE_MS = 15_000;

/** Begins at once; what is under way ends with the component. `load` ends when its signal says so. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const value = shallowRef<T | null>(null);
  const error = shallowRef<unknown>(null);
  const isLoading = shallowRef(false);
  let running: { readonly controller: AbortController; readonly beganMs: number } | null = null;
  let isDue = false;
  let isOver = false;
  let idle = Promise.resolve();

  function reload(): Promise<void> {
    if (running !== null && performance.now() - running.beganMs > PATIENCE_MS) return restart();
    isDue = true;
    if (running === null) idle = loadWhileDue();
    return idle;
  }

  function restart(): Promise<void> {
    running?.controller.abort();
    isDue = true;
    if (running === null) idle = loadWhileDue();
    return idle;
  }

  async function loadWhileDue(): Promise<void> {
    isLoading.value = true;
    while (isDue && !isOver) await loadOnce();
    running = null;
    isLoading.value = false;
  }

  async function loadOnce(): Promise<void> {
    isDue = false;
    const controller = new AbortController();
    running = { controller, beganMs: performance.now() };
    try {
      const loaded = await load(controller.signal);
      if (controller.signal.aborted) return;
      value.value = loaded;
      error.value = null;
    } catch (thrown) {
      if (!controller.signal.aborted) error.value = thrown;
    }
  }

  onScopeDispose(() => {
    isOver = true;
    running?.controller.abort();
  });
  void reload();
  return { value, error: shallowReadonly(error), isLoading: shallowReadonly(isLoading), reload, restart };
}
