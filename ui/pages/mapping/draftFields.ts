// Ties the fields of a form to a draft: what is in each, what is wrong with it, and what becomes of an entry.

import type { DraftField, FieldErrors, MappingDraft } from './mappingDraft.ts';

export interface BoundField<Field extends DraftField> {
  readonly name: Field;
  readonly modelValue: MappingDraft[Field];
  readonly error: string | undefined;
  readonly 'onUpdate:modelValue': (value: MappingDraft[Field]) => void;
  readonly onBlur: () => void;
}

/** For `v-bind` on a field. `onLeft` hears which field a person has left. */
export function bindField<Field extends DraftField>(
  field: Field,
  draft: { value: MappingDraft },
  errors: FieldErrors,
  onLeft: (field: DraftField) => void,
): BoundField<Field> {
  return {
    name: field,
    modelValue: draft.value[field],
    error: errors[field],
    'onUpdate:modelValue': (value) => {
      draft.value = { ...draft.value, [field]: value };
    },
    onBlur: () => onLeft(field),
  };
}
