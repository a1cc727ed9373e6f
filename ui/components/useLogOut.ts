// The way out: the login ends, and the page that asks for one comes.

import { shallowRef, type ShallowRef } from 'vue';
import { useRouter } from 'vue-router';
import { sayError } from '../api/request.ts';
import { useSession } from '../live/useSession.ts';
import { useToasts } from './useToasts.ts';

export function useLogOut(): { isLeaving: ShallowRef<boolean>; logOut: () => Promise<void> } {
  const { leave } = useSession();
  const { showToast } = useToasts();
  const router = useRouter();
  const isLeaving = shallowRef(false);

  async function logOut(): Promise<void> {
    isLeaving.value = true;
    const { fullPath } = router.currentRoute.value;
    try {
      await leave(async () => (await router.push('/login')) === undefined);
    } catch (error) {
      showToast({ tone: 'bad', text: `You are still logged in. ${sayError(error)}` });
      await router.replace(fullPath);
    }
    isLeaving.value = false;
  }

  return { isLeaving, logOut };
}
