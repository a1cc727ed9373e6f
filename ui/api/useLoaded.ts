// What a page has loaded: nothing yet, a value, or why not. One load runs at a time; a newer one wins.

import { onScopeDispose, shallowReadonly, shallowRef, type Ref, type ShallowRef } from 'vue';

export interface Loaded<T> {
  /** Null before the first load is done; an older value stays while a newer one is loaded, and when that fails. */
  readonly value: ShallowRef<T | null>;
  /** Why the last load failed; null while all is well. For FailedState. */
  readonly error: Readonly<Ref<unknown>>;
  readonly isLoading: Readonly<Ref<boolean>>;
  /** Loads again; settled when it is done, never rejected. */
  readonly reload: () => Promise<void>;
}

/** Begins at once; what is under way ends with the component. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const value = shallowRef<T | null>(null);
  const error = shallowRef<unknown>(null);
  const isLoading = shallowRef(false);
  let running: AbortController | null = null;

  async function reload(): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    isLoading.value = true;
    try {
      const loaded = await load(mine.signal);
      if (running !== mine) return;
      value.value = loaded;
      error.value = null;
    } catch (thrown) {
      if (running !== mine) return;
      error.value = thrown;
    }
    isLoading.value = false;
  }

  onScopeDispose(() => {
    running?.abort();
    running = null;
  });
  void reload();
  return { value, error: shallowReadonly(error), isLoading: shallowReadonly(isLoading), reload };
}
