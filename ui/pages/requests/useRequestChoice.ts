// What is chosen, as the address of the page says it: a link to it, and the way back, show the same.

import { shallowReadonly, shallowRef, type Ref } from 'vue';
import { onBeforeRouteUpdate, useRoute, useRouter } from 'vue-router';
import { addressOf, choiceOf, EVERYTHING, type RequestChoice } from './requestFilter.ts';

export interface ChosenRequests {
  readonly choice: Readonly<Ref<RequestChoice>>;
  choose(part: Partial<RequestChoice>): void;
  chooseEverything(): void;
}

export function useRequestChoice(): ChosenRequests {
  const route = useRoute();
  const router = useRouter();
  const choice = shallowRef(choiceOf(route.query));

  onBeforeRouteUpdate((to) => {
    choice.value = choiceOf(to.query);
  });

  function choose(part: Partial<RequestChoice>): void {
    void router.replace({ query: addressOf({ ...choice.value, ...part }) });
  }

  return { choice: shallowReadonly(choice), choose, chooseEverything: () => choose(EVERYTHING) };
}
