// The journey of the last save, followed live by what the hub tells.

import { computed, shallowRef, watch, type ComputedRef } from 'vue';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { useStatus } from '../../live/useStatus.ts';
import { journeySteps, type Save } from './saveJourney.ts';
import type { Step } from './steps.ts';

/** What was known before a save was sent. */
export interface Departure {
  readonly edition: number;
  readonly appliedAt: string | null;
  readonly updatedAt: string | null;
}

export interface SaveJourney {
  /** Empty for a mapping that was not saved here. */
  stepsOf(id: string): readonly Step[];
  /** Just before a save is sent: of a mapping that is there already, as it is stored. */
  depart(before?: MappingView): Departure;
  /** Once the agent has answered. */
  begin(mapping: MappingView, departure: Departure): void;
}

export function useSaveJourney(): SaveJourney {
  const { status, routes, edition } = useStatus();
  const save = shallowRef<Save | null>(null);
  let editionBefore = 0;

  // Only while it is not known: later editions are other saves.
  watch(edition, (now) => {
    if (save.value?.edition === null && now > editionBefore) save.value = { ...save.value, edition: now };
  });

  const steps: ComputedRef<readonly Step[]> = computed(() => {
    if (save.value === null) return [];
    const route = routes.value.get(save.value.mapping.id) ?? null;
    return journeySteps(save.value, { status: status.value, route });
  });

  return {
    stepsOf: (id) => (save.value?.mapping.id === id ? steps.value : []),
    depart: (before) => ({
      edition: edition.value,
      appliedAt: before === undefined ? null : (routes.value.get(before.id)?.appliedAt ?? null),
      updatedAt: before?.updatedAt ?? null,
    }),
    begin(mapping, departure) {
      editionBefore = departure.edition;
      // A save that changes nothing makes no edition: it stands as it stood.
      const isChanged = mapping.updatedAt !== departure.updatedAt;
      save.value = {
        mapping,
        appliedBefore: isChanged ? departure.appliedAt : null,
        edition: isChanged && edition.value <= editionBefore ? null : edition.value,
      };
    },
  };
}
