// The ids of a field, its hint and its error.

import { computed, useId, type ComputedRef } from 'vue';

interface FieldTexts {
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
}

/** What a field lets others do: `useTemplateRef<Focusable>('search')`. */
export interface Focusable {
  focus(): void;
}

export interface Field {
  readonly id: string;
  /** For aria-describedby. */
  readonly describedBy: ComputedRef<string | undefined>;
}

export function useField(texts: () => FieldTexts): Field {
  const id = useId();
  const describedBy = computed(() => {
    const { hint, error } = texts();
    const ids = [...(error ? [`${id}-error`] : []), ...(hint ? [`${id}-hint`] : [])];
    return ids.length === 0 ? undefined : ids.join(' ');
  });
  return { id, describedBy };
}
