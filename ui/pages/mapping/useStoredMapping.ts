// One mapping while it is edited: as it is stored, as somebody else has changed it meanwhile, and how it is saved.

import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import type { NewMapping } from '../../../protocol/mapping.ts';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { changeMapping, createMapping, readMapping } from '../../api/mappings.ts';
import { ApiProblem } from '../../api/request.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';
import { conflictErrors, sayChanged } from './conflict.ts';
import { draftOf, patchBetween, rebase, type FieldErrors } from './mappingDraft.ts';
import { useMappingForm, type MappingForm } from './useMappingForm.ts';

/** How old the counts of requests may become while more come. Lowered: the agent is asked more often for a number. */
const COUNTS_MS = 600_000;

export interface StoredMapping {
  readonly form: MappingForm;
  /** As it was loaded, or saved last. */
  readonly stored: ShallowRef<MappingView>;
  /** What somebody else changed meanwhile, in words; null when it was deleted; undefined when nobody did. */
  readonly changed: ComputedRef<string | null | undefined>;
  /** What is wrong, and what somebody else has entered, beside the fields. */
  readonly errors: ComputedRef<FieldErrors>;
  readonly takeTheirs: () => void;
  /** Puts what was changed here on top of what somebody else has stored. */
  readonly rebaseMine: () => void;
  /** As `submit` of the form. Nothing is overwritten that was not seen. */
  readonly save: () => Promise<MappingView | null>;
  /** After it was deleted: once more, as the form has it. */
  readonly createAgain: () => Promise<MappingView | null>;
}

export function useStoredMapping(loaded: MappingView): StoredMapping {
  const { edition, recentRequests } = useStatus();
  const stored = shallowRef(loaded);
  let lookedAtMs = browserClock.wallMs();
  /** Looks are counted as they begin: one that is answered after a later one is old. */
  let begun = 0;
  let newest = 0;
  /** Null: it is gone. */
  const theirs = shallowRef<MappingView | null | undefined>(undefined);
  const form = useMappingForm(draftOf(loaded));

  function adopt(mapping: MappingView): void {
    stored.value = mapping;
    theirs.value = undefined;
    form.reset(draftOf(mapping));
  }

  /** Compares with what the agent has now; what is not edited here is taken as it is. */
  async function lookAgain(): Promise<void> {
    begun += 1;
    const mine = begun;
    lookedAtMs = browserClock.wallMs();
    let now: MappingView | null;
    try {
      now = await readMapping(stored.value.id);
    } catch (thrown) {
      // Otherwise the agent is away: saving will say so, and the next edition looks again.
      if (!isGone(thrown)) return;
      now = null;
    }
    if (mine < newest || form.isBusy.value) return;
    newest = mine;
    take(now);
  }

  function take(now: MappingView | null): void {
    if (now === null) theirs.value = null;
    else if (now.updatedAt < stored.value.updatedAt)
      // A save that has been answered meanwhile is newer than what was read.
      return;
    else if (now.updatedAt === stored.value.updatedAt) {
      stored.value = now;
      theirs.value = undefined;
    } else if (form.isDirty.value) theirs.value = now;
    else adopt(now);
  }

  async function send(wanted: NewMapping): Promise<MappingView> {
    try {
      return await changeMapping(stored.value.id, patchBetween(stored.value, wanted), stored.value.updatedAt);
    } catch (thrown) {
      if (isGone(thrown)) theirs.value = null;
      if (thrown instanceof ApiProblem && thrown.code === 'stale') {
        theirs.value = await readMapping(stored.value.id);
        begun += 1;
        newest = begun;
      }
      throw thrown;
    }
  }

  /** What the notice says need not be said twice. */
  function forgetConflict(): void {
    if (form.failure.value !== null && theirs.value !== undefined) form.failure.value = null;
  }

  watch(edition, () => {
    if (!form.isBusy.value) void lookAgain();
  });
  // Which of the requests of the last hour have grown old, only the agent knows.
  recentRequests.subscribe((items) => {
    if (browserClock.wallMs() - lookedAtMs <= COUNTS_MS || form.isBusy.value) return;
    if (items.some(({ portMappingId }) => portMappingId === stored.value.id)) void lookAgain();
  });

  return {
    form,
    stored,
    changed: computed(() => {
      if (theirs.value === undefined || theirs.value === null) return theirs.value;
      return sayChanged(form.base.value, draftOf(theirs.value));
    }),
    errors: computed(() => {
      const { base, draft, errors } = form;
      if (theirs.value === undefined || theirs.value === null) return errors.value;
      return { ...conflictErrors(base.value, draft.value, draftOf(theirs.value)), ...errors.value };
    }),
    takeTheirs() {
      if (theirs.value) adopt(theirs.value);
    },
    rebaseMine() {
      if (!theirs.value) return;
      const newer = draftOf(theirs.value);
      form.draft.value = rebase(form.base.value, form.draft.value, newer);
      form.base.value = newer;
      stored.value = theirs.value;
      theirs.value = undefined;
    },
    async save() {
      const saved = await form.submit(send);
      if (saved === null) {
        forgetConflict();
        return null;
      }
      stored.value = saved;
      theirs.value = undefined;
      form.settle(draftOf(saved));
      return saved;
    },
    async createAgain() {
      const created = await form.submit(createMapping);
      if (created !== null) form.settle(draftOf(created));
      return created;
    },
  };
}

function isGone(thrown: unknown): boolean {
  return thrown instanceof ApiProblem && thrown.code === 'not_found';
}
