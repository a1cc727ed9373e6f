// Deleting mappings, with a way back: a toast that outlives the page.

import { shallowRef, type ShallowRef } from 'vue';
import type { BulkResult } from '../../../protocol/api/bulk.ts';
import { editMappings, importMappings } from '../../api/bulk.ts';
import { sayError } from '../../api/request.ts';
import { useToasts } from '../../components/useToasts.ts';
import { sayCountOf } from '../../format/amounts.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Removal {
  readonly isRemoving: ShallowRef<boolean>;
  /** False when nothing was deleted: a toast has said why. */
  readonly remove: (mappings: readonly Named[]) => Promise<boolean>;
}

export function useRemoval(): Removal {
  const { showToast } = useToasts();
  const isRemoving = shallowRef(false);

  /** With their ids, and so with their past in the request log. */
  async function restore(removed: BulkResult['removed'], what: string): Promise<void> {
    try {
      await importMappings({ mappings: removed });
      showToast({ text: `${what} is back.` });
    } catch (thrown) {
      showToast({ tone: 'bad', text: `${what} could not be brought back. ${sayError(thrown)}` });
    }
  }

  return {
    isRemoving,
    async remove(mappings) {
      const what = sayWhat(mappings);
      isRemoving.value = true;
      try {
        const { removed } = await editMappings({ ids: mappings.map(({ id }) => id), action: 'delete' });
        if (removed.length === 0) showToast({ text: `${what} was deleted already.` });
        else
          showToast({
            text: `Deleted ${what}.`,
            action: { label: 'Undo', run: () => void restore(removed, what) },
          });
        return true;
      } catch (thrown) {
        showToast({ tone: 'bad', text: `${what} could not be deleted. ${sayError(thrown)}` });
        return false;
      } finally {
        isRemoving.value = false;
      }
    },
  };
}

function sayWhat(mappings: readonly Named[]): string {
  const [first] = mappings;
  return mappings.length === 1 && first !== undefined
    ? `“${first.name}”`
    : sayCountOf(mappings.length, 'mapping');
}
