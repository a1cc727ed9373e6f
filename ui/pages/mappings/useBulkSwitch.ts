// Switching many mappings on or off together.

import { shallowRef, type ShallowRef } from 'vue';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { editMappings } from '../../api/bulk.ts';
import { sayError } from '../../api/request.ts';
import { useToasts } from '../../components/useToasts.ts';
import { sayCountOf } from '../../format/amounts.ts';

export interface BulkSwitch {
  readonly isSwitching: ShallowRef<boolean>;
  readonly switchAll: (mappings: readonly MappingView[], isOn: boolean) => Promise<void>;
}

export function useBulkSwitch(): BulkSwitch {
  const { showToast } = useToasts();
  const isSwitching = shallowRef(false);
  return {
    isSwitching,
    async switchAll(mappings, isOn) {
      const word = isOn ? 'on' : 'off';
      isSwitching.value = true;
      try {
        const { results } = await editMappings({
          ids: mappings.map(({ id }) => id),
          action: isOn ? 'enable' : 'disable',
        });
        const done = results.filter(({ result }) => result === 'done').length;
        const gone = results.length - done;
        const rest = gone === 0 ? '' : ` ${sayCountOf(gone, 'other')} had been deleted already.`;
        showToast({ text: `${sayCountOf(done, 'mapping')} switched ${word}.${rest}` });
      } catch (thrown) {
        const what = sayCountOf(mappings.length, 'mapping');
        showToast({ tone: 'bad', text: `${what} could not be switched ${word}. ${sayError(thrown)}` });
      }
      isSwitching.value = false;
    },
  };
}
