// Whether what a frame holds is wider than the frame, and has to be scrolled.

import { onScopeDispose, shallowReadonly, shallowRef, watch, type Ref } from 'vue';

export function useWiderContent(frame: Readonly<Ref<HTMLElement | null>>): {
  isWider: Readonly<Ref<boolean>>;
} {
  const isWider = shallowRef(false);
  const resizing = new ResizeObserver(() => {
    const element = frame.value;
    isWider.value = element !== null && element.scrollWidth > element.clientWidth;
  });

  watch(
    frame,
    (element) => {
      resizing.disconnect();
      if (element === null) return;
      resizing.observe(element);
      for (const child of element.children) resizing.observe(child);
    },
    { immediate: true },
  );
  onScopeDispose(() => resizing.disconnect());
  return { isWider: shallowReadonly(isWider) };
}
