// The form of a mapping: what is in it, what is wrong with it, and its way to the agent.

import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import type { NewMapping } from '../../../protocol/mapping.ts';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { ApiProblem } from '../../api/request.ts';
import {
  changedFields,
  errorsBeside,
  parseDraft,
  rebase,
  type DraftField,
  type FieldErrors,
  type MappingDraft,
} from './mappingDraft.ts';

export interface MappingForm {
  readonly draft: ShallowRef<MappingDraft>;
  /** What was last loaded or saved: the form is dirty when it holds something else. */
  readonly base: ShallowRef<MappingDraft>;
  readonly isDirty: ComputedRef<boolean>;
  /** Beside their fields. */
  readonly errors: ShallowRef<FieldErrors>;
  /** Why it could not be saved, when no field is to blame; null while all is well. */
  readonly failure: ShallowRef<unknown>;
  readonly isBusy: ShallowRef<boolean>;
  /** Says what is wrong with one field, once somebody has left it. */
  readonly check: (field: DraftField) => void;
  /** Holds this instead, and counts as saved. */
  readonly reset: (draft: MappingDraft) => void;
  /** What was sent last is stored as this. What was typed since stays, on top of it. */
  readonly settle: (stored: MappingDraft) => void;
  /** What `save` answers; null when it was not saved: `errors` or `failure` say why. */
  readonly submit: (save: (mapping: NewMapping) => Promise<MappingView>) => Promise<MappingView | null>;
}

export function useMappingForm(first: MappingDraft): MappingForm {
  const draft = shallowRef(first);
  const base = shallowRef(first);
  const errors = shallowRef<FieldErrors>({});
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  /** As it was when it was sent last. */
  let sent = first;
  const isDirty = computed(() => changedFields(base.value, draft.value).length > 0);

  function wrongNow(): FieldErrors {
    const parsed = parseDraft(draft.value);
    return 'errors' in parsed ? parsed.errors : {};
  }

  // An error goes as soon as its field is right; a new one does not come while somebody types.
  watch(draft, (now, before) => {
    const wrong = wrongNow();
    const moved = changedFields(before, now).filter((field) => errors.value[field] !== undefined);
    errors.value = { ...errors.value, ...Object.fromEntries(moved.map((field) => [field, wrong[field]])) };
  });

  return {
    draft,
    base,
    isDirty,
    errors,
    failure,
    isBusy,
    check(field) {
      const message = wrongNow()[field];
      // An empty field is left in peace until the form is sent.
      if (message === undefined || draft.value[field] === '') return;
      errors.value = { ...errors.value, [field]: message };
    },
    reset(next) {
      draft.value = next;
      base.value = next;
      errors.value = {};
      failure.value = null;
    },
    settle(stored) {
      draft.value = rebase(sent, draft.value, stored);
      base.value = stored;
      errors.value = {};
      failure.value = null;
    },
    async submit(save) {
      if (isBusy.value) return null;
      failure.value = null;
      const parsed = parseDraft(draft.value);
      errors.value = 'errors' in parsed ? parsed.errors : {};
      if ('errors' in parsed) return null;
      isBusy.value = true;
      sent = draft.value;
      try {
        return await save(parsed.mapping);
      } catch (thrown) {
        const beside = thrown instanceof ApiProblem ? errorsBeside(thrown.fields, sent) : {};
        errors.value = beside;
        if (Object.keys(beside).length === 0) failure.value = thrown;
        return null;
      } finally {
        isBusy.value = false;
      }
    },
  };
}
