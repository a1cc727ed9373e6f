// A login that ends takes no entries with it: they are kept, and are in the form again after the next login.

import { watch } from 'vue';
import { useToasts } from '../../components/useToasts.ts';
import { useSession } from '../../live/useSession.ts';
import { keepDraft, takeDraft } from './keptDrafts.ts';
import { rebase } from './mappingDraft.ts';
import type { MappingForm } from './useMappingForm.ts';

/** `path` is that of the page with the form. */
export function useKeptDraft(
  { base, draft, isDirty }: Pick<MappingForm, 'base' | 'draft' | 'isDirty'>,
  path: string,
): void {
  const { isLoggedIn } = useSession();
  const { showToast } = useToasts();

  const kept = takeDraft(path);
  if (kept !== null) {
    draft.value = rebase(kept.base, kept.draft, base.value);
    if (isDirty.value) showToast({ text: 'What you had entered is in the form again. It is not saved yet.' });
  }

  // At once: the page is about to be left.
  watch(
    isLoggedIn,
    (isIn) => {
      if (isIn || !isDirty.value) return;
      keepDraft(path, { base: base.value, draft: draft.value });
      showToast({ text: 'The login has ended. What you entered is kept until you log in again.' });
    },
    { flush: 'sync' },
  );
}

/** The form of the mapping that was just created goes on with what was typed meanwhile; here nothing is unsaved any more. */
export function handOver(id: string, { base, draft, reset }: MappingForm): void {
  keepDraft(`/mappings/${id}`, { base: base.value, draft: draft.value });
  reset(draft.value);
}
