// What is done about a page that could not be loaded: the agent is away, or has been updated and has other files now.

import type { Router } from 'vue-router';
import { isAgentThere } from './api/status.ts';
import { useToasts } from './components/useToasts.ts';

/** A failure so soon after the document was loaded is none that loading it again puts right. */
const RELOAD_GAP_MS = 10_000;

/** Loads the document anew at that address where that may help, and else says so. */
export async function recoverPage(router: Pick<Router, 'push'>, path: string): Promise<void> {
  if ((await isAgentThere()) && performance.now() > RELOAD_GAP_MS) {
    location.assign(path);
    return;
  }
  useToasts().showToast({
    tone: 'bad',
    text: 'This page could not be loaded.',
    action: { label: 'Try again', run: () => void router.push(path) },
  });
}
