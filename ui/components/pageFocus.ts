// Where the keyboard and a screen reader go on when what led them is gone: at the page's heading, which says where they are.

import { nextTick } from 'vue';

/** After a button has gone by its own press. Focus that has found a place is left there. */
export async function rescueFocus(): Promise<void> {
  await nextTick();
  if (document.activeElement === null || document.activeElement === document.body) focusHeading();
}

/**
 * After a page was opened: a browser would begin at its top as well, and nobody who does not see it would learn of it
 * otherwise (WCAG 2.2, 2.4.3). A field that the page has chosen keeps the focus.
 */
export async function focusPage(): Promise<void> {
  await nextTick();
  const content = document.getElementById('content');
  if (content !== null && !content.contains(document.activeElement)) focusHeading();
}

/** Whether it is outlined is up to the browser: for the keyboard it is, for a mouse it is not. */
function focusHeading(): void {
  document.querySelector<HTMLElement>('#content h1')?.focus({ preventScroll: true });
}
