// Where the focus goes when what had it is gone: to the page's content, from where the keyboard leads on.

import { nextTick } from 'vue';

/** After a button has gone by its own press, or a page by a link in it. Focus that has found a place is left there. */
export async function rescueFocus(): Promise<void> {
  await nextTick();
  if (document.activeElement !== null && document.activeElement !== document.body) return;
  document.getElementById('content')?.focus({ preventScroll: true });
}
