// Whether the window is as a media query says: for what a style sheet alone cannot decide.

import { onScopeDispose, readonly, shallowRef, type Ref } from 'vue';

/** Follows the window while the component is there. */
export function useMedia(query: string): Readonly<Ref<boolean>> {
  const media = window.matchMedia(query);
  const isMatching = shallowRef(media.matches);
  const look = () => void (isMatching.value = media.matches);
  media.addEventListener('change', look);
  onScopeDispose(() => media.removeEventListener('change', look));
  return readonly(isMatching);
}
