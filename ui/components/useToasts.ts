// Toasts: what has happened where the eye does not see it. What is on the page needs none.

import { shallowReadonly, shallowRef, type Ref } from 'vue';
import { browserClock } from '../live/browserClock.ts';

export interface ToastWords {
  readonly text: string;
  readonly tone?: 'ok' | 'bad';
  /** Such as an undo. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

export interface Toast extends ToastWords {
  readonly id: number;
}

/** Long enough to read one and to reach its button. */
const SHOWN_MS = 8_000;

/** Raised: they hide the page. */
const MAX_TOASTS = 4;

const toasts = shallowRef<readonly Toast[]>([]);
const cancels = new Map<number, () => void>();
let lastId = 0;
let isHeld = false;

export function useToasts(): {
  toasts: Readonly<Ref<readonly Toast[]>>;
  /** The returned function takes it away. */
  showToast: (words: ToastWords) => () => void;
  closeToast: (id: number) => void;
  /** While the pointer or the focus is on them, they stay. */
  holdToasts: () => void;
  releaseToasts: () => void;
} {
  return { toasts: shallowReadonly(toasts), showToast, closeToast, holdToasts, releaseToasts };
}

function showToast(words: ToastWords): () => void {
  lastId += 1;
  const id = lastId;
  toasts.value = [...toasts.value, { ...words, id }].slice(-MAX_TOASTS);
  closeLater(id);
  return () => closeToast(id);
}

function closeToast(id: number): void {
  cancels.get(id)?.();
  cancels.delete(id);
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
  // The pointer leaves what is gone without a word.
  if (toasts.value.length === 0) isHeld = false;
}

function holdToasts(): void {
  isHeld = true;
  for (const cancel of cancels.values()) cancel();
}

function releaseToasts(): void {
  isHeld = false;
  for (const { id } of toasts.value) closeLater(id);
}

function closeLater(id: number): void {
  cancels.get(id)?.();
  if (isHeld) return;
  cancels.set(
    id,
    browserClock.setTimer(SHOWN_MS, () => closeToast(id)),
  );
}
