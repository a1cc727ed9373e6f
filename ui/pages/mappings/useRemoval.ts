// Deleting mappings, with a way back: a toast that outlives the page.

import { shallowRef, type ShallowRef } from 'vue';
import type { BulkResult } from '../../../protocol/api/bulk.ts';
import { editMappings, importMappings } from '../../api/bulk.ts';
import { sayError } from '../../api/request.ts';
import { useToasts, type ToastWords } from '../../components/useToasts.ts';
import { sayCount, sayCountOf } from '../../format/amounts.ts';

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

  /** With their ids, and so with their past in the request log. A name that is somebody else's by now stays theirs. */
  async function restore(removed: BulkResult['removed'], what: string): Promise<void> {
    try {
      const { updated, refused } = await importMappings({ mappings: removed, dryRun: true });
      const taken = new Set([...updated, ...refused].map(({ index }) => index));
      const free = removed.filter((_mapping, index) => !taken.has(index));
      if (free.length > 0) await importMappings({ mappings: free });
      showToast(wordsOfReturn(what, removed.length, free.length));
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
        if (removed.length === 0)
          showToast({ text: `${what} ${mappings.length === 1 ? 'was' : 'were'} deleted already.` });
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

function wordsOfReturn(what: string, count: number, returned: number): ToastWords {
  if (returned === count) return { text: `${what} ${count === 1 ? 'is' : 'are'} back.` };
  const reason = 'Other mappings have their public names now.';
  if (returned > 0) return { tone: 'bad', text: `${sayCount(returned)} of ${what} are back. ${reason}` };
  return count === 1
    ? { tone: 'bad', text: `${what} could not be brought back. Another mapping has its public name now.` }
    : { tone: 'bad', text: `${what} could not be brought back. ${reason}` };
}

function sayWhat(mappings: readonly Named[]): string {
  const [first] = mappings;
  return mappings.length === 1 && first !== undefined
    ? `“${first.name}”`
    : sayCountOf(mappings.length, 'mapping');
}
