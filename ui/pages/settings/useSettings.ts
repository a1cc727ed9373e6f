// The settings, loaded again when the gateway that answers is another one, and when the agent is back: it may run with others.

import { watch } from 'vue';
import type { Settings } from '../../../protocol/api/settings.ts';
import { readSettings } from '../../api/settings.ts';
import { useLoaded, type Loaded } from '../../api/useLoaded.ts';
import { useStatus } from '../../live/useStatus.ts';

export function useSettings(): Loaded<Settings> {
  const { status, isLive } = useStatus();
  const loaded = useLoaded((signal) => readSettings(signal));
  watch([() => status.value?.gateway.version, () => status.value?.gateway.host, isLive], () => {
    if (isLive.value) void loaded.reload();
  });
  return loaded;
}
