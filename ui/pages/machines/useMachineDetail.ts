// The chart and the context of one live machine, asked for again when it has moved.

import {
  computed,
  onScopeDispose,
  shallowRef,
  watch,
  type ComputedRef,
  type Ref,
  type ShallowRef,
} from 'vue';
import type { Chart, MachineDetail, MachineView } from '../../../protocol/api/machines.ts';
import { readMachine } from '../../api/machines.ts';
import { useLoaded, type Loaded } from '../../api/useLoaded.ts';
import { browserClock } from '../../live/browserClock.ts';
import { keyOf } from './machineRows.ts';

/** A machine that moves all the time is asked about no more often. Lowered: the agent answers for what nobody can read. */
const GAP_MS = 500;

export interface ShownMachine extends Omit<Loaded<MachineDetail | null>, 'value'> {
  /** Null until it is loaded; never another machine's. */
  readonly detail: ComputedRef<MachineDetail | null>;
  /** Null too when this version does not know it. */
  readonly chart: Readonly<ShallowRef<Chart | null>>;
}

export function useMachineDetail(chosen: Readonly<Ref<MachineView | null>>): ShownMachine {
  const { value, ...loaded } = useLoaded(async (signal) => {
    const machine = chosen.value;
    return machine === null ? null : readMachine(machine.id, signal);
  });
  const key = computed(() => (chosen.value === null ? null : keyOf(chosen.value)));
  let cancel = (): void => {};
  let isDue = false;

  watch(key, () => void loaded.restart());
  watch(
    () => chosen.value?.since,
    () => {
      if (isDue) return;
      isDue = true;
      cancel = browserClock.setTimer(GAP_MS, () => {
        isDue = false;
        void loaded.reload();
      });
    },
  );
  onScopeDispose(() => cancel());
  const detail = computed(() =>
    value.value !== null && keyOf(value.value) === key.value ? value.value : null,
  );
  // The same chart comes with every answer: it is laid out again only when it is another one.
  const chartText = computed(() => JSON.stringify(detail.value?.definition ?? null));
  const chart = shallowRef(detail.value?.definition ?? null);
  watch(chartText, () => (chart.value = detail.value?.definition ?? null), { flush: 'sync' });
  return { ...loaded, detail, chart };
}
