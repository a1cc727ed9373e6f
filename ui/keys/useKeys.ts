// The keyboard: which keys do what right now. Keys are ignored while somebody types, and under Ctrl, Alt or Meta.

import { computed, onMounted, onScopeDispose, shallowRef } from 'vue';
import { browserClock } from '../live/browserClock.ts';

export interface KeyBinding {
  /** One key, or two after one another with a space between: `n`, `g m`, `ArrowDown`. */
  readonly keys: string;
  /** For the list behind `?`. */
  readonly says: string;
  readonly run: () => void;
}

/** The second key must follow within this time. */
const SEQUENCE_MS = 1_200;

const bindings = shallowRef<readonly KeyBinding[]>([]);

export const areHintsShown = shallowRef(false);

/** What works now; of two for the same keys the newer. */
export const boundKeys = computed(() => [
  ...new Map(bindings.value.map((binding) => [binding.keys, binding])).values(),
]);

/** Binds keys while the component is there. */
export function useKeys(mine: readonly KeyBinding[]): void {
  bindings.value = [...bindings.value, ...mine];
  onScopeDispose(() => {
    bindings.value = bindings.value.filter((binding) => !mine.includes(binding));
  });
}

/** `/` puts the focus into the search field of the page. */
export function useSearchKey(focus: () => void): void {
  useKeys([{ keys: '/', says: 'Search', run: focus }]);
}

export function showKeyHints(): void {
  areHintsShown.value = true;
}

/** Once, in App. */
export function listenToKeys(): void {
  useKeys([{ keys: '?', says: 'Show the keyboard shortcuts', run: showKeyHints }]);
  let first = '';
  let cancel = (): void => {};

  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
    const pressed = first === '' ? event.key : `${first} ${event.key}`;
    cancel();
    first = '';
    const binding = boundKeys.value.find(({ keys }) => keys === pressed);
    if (binding !== undefined) {
      event.preventDefault();
      binding.run();
      return;
    }
    if (!boundKeys.value.some(({ keys }) => keys.startsWith(`${event.key} `))) return;
    first = event.key;
    cancel = browserClock.setTimer(SEQUENCE_MS, () => (first = ''));
  }

  onMounted(() => document.addEventListener('keydown', onKey));
  onScopeDispose(() => {
    cancel();
    document.removeEventListener('keydown', onKey);
  });
}

/** In a field, or in a dialog, which has keys of its own. */
function isTyping({ target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest('input:not([type=checkbox], [type=radio]), textarea, select, [role=dialog]') !== null
  );
}
