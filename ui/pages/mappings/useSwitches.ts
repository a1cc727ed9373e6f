// Switching mappings on and off: shown at once, taken back with the reason when the agent does not do it.

import { shallowRef } from 'vue';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { changeMapping } from '../../api/mappings.ts';
import { sayError } from '../../api/request.ts';

export interface Switches {
  /** As it shall be, or as it is. */
  isOn(mapping: MappingView): boolean;
  /** Why the last turn was taken back; undefined when it was not. */
  failureOf(id: string): string | undefined;
  turn(mapping: MappingView, isOn: boolean): Promise<void>;
}

/** `onSaved` hears what the agent has stored. */
export function useSwitches(onSaved: (mapping: MappingView) => void): Switches {
  const wanted = shallowRef<ReadonlyMap<string, boolean>>(new Map());
  const failures = shallowRef<ReadonlyMap<string, string>>(new Map());
  const underWay = new Set<string>();

  /** One request at a time for each mapping: what was wanted last is asked for last. */
  async function carryOut(id: string): Promise<void> {
    let asked: boolean | undefined;
    while (asked !== wanted.value.get(id)) {
      asked = wanted.value.get(id);
      if (asked !== undefined) onSaved(await changeMapping(id, { enabled: asked }));
    }
  }

  return {
    isOn: ({ id, enabled }) => wanted.value.get(id) ?? enabled,
    failureOf: (id) => failures.value.get(id),
    async turn({ id, name }, isOn) {
      wanted.value = withEntry(wanted.value, id, isOn);
      failures.value = withEntry(failures.value, id, undefined);
      if (underWay.has(id)) return;
      underWay.add(id);
      try {
        await carryOut(id);
      } catch (thrown) {
        const says = `“${name}” could not be switched ${wanted.value.get(id) ? 'on' : 'off'}. ${sayError(thrown)}`;
        failures.value = withEntry(failures.value, id, says);
      }
      underWay.delete(id);
      wanted.value = withEntry(wanted.value, id, undefined);
    },
  };
}

function withEntry<V>(
  map: ReadonlyMap<string, V>,
  key: string,
  value: V | undefined,
): ReadonlyMap<string, V> {
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}
