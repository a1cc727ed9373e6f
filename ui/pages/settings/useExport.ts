// All mappings, saved as a file.

import { shallowRef, type ShallowRef } from 'vue';
import { exportMappings } from '../../api/bulk.ts';
import { sayError } from '../../api/request.ts';
import { browserClock } from '../../live/browserClock.ts';
import { mappingFileName, writeMappingFile } from './mappingFile.ts';
import { saveFile } from './saveFile.ts';

export interface Exporting {
  readonly isExporting: ShallowRef<boolean>;
  /** Why the last one failed; empty while all is well. */
  readonly failure: ShallowRef<string>;
  readonly exportAll: () => Promise<void>;
}

export function useExport(): Exporting {
  const isExporting = shallowRef(false);
  const failure = shallowRef('');

  async function exportAll(): Promise<void> {
    isExporting.value = true;
    failure.value = '';
    try {
      const file = await exportMappings();
      saveFile(mappingFileName(browserClock.wallMs()), writeMappingFile(file));
    } catch (thrown) {
      failure.value = sayError(thrown);
    }
    isExporting.value = false;
  }

  return { isExporting, failure, exportAll };
}
