// When what was away is back: the agent, or its database. What could not be loaded meanwhile is then loaded again.

import { watch } from 'vue';
import { useStatus } from '../live/useStatus.ts';

/** Ends with the component. */
export function useBackAgain(isBack: () => void): void {
  const { isLive, status } = useStatus();
  watch(
    () => isLive.value && status.value?.database === 'ok',
    (isWhole) => {
      if (isWhole) isBack();
    },
  );
}
