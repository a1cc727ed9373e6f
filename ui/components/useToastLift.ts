// Room for something that stays at the lower edge of the window: toasts are shown above it, not over it.

import { onScopeDispose, watch, type Ref } from 'vue';

/** Read by the list of toasts. */
const LIFT = '--toasts-lift';

/** Between the element and the lowest toast. */
const GAP_PX = 8;

/** As long as the element is there toasts are above it, however high it is. */
export function useToastLift(element: Readonly<Ref<HTMLElement | null>>): void {
  const { style } = document.documentElement;
  const observer = new ResizeObserver(([entry]) => {
    const height = entry?.borderBoxSize[0]?.blockSize ?? 0;
    style.setProperty(LIFT, `${Math.ceil(height) + GAP_PX}px`);
  });

  watch(
    element,
    (now, before) => {
      if (before) observer.unobserve(before);
      if (now) observer.observe(now);
    },
    { flush: 'post' },
  );
  onScopeDispose(() => {
    observer.disconnect();
    style.removeProperty(LIFT);
  });
}
