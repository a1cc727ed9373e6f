// A page that is logged in and live, in the hands of a test: what its composable is told, and what it asks for.

import { createRenderer, defineComponent, h } from 'vue';
import { onTestFinished } from 'vitest';
import { useSession } from '../../../ui/live/useSession.ts';
import { provideStatus } from '../../../ui/live/useStatus.ts';
import { NOW, snapshotOf, type Snapshot } from '../../support/hubTells.ts';
import { NO_PAGE, openBrowser, type Asked } from './browserStage.ts';

/** `setup` runs in a component below the one that follows the hub, which has told `snapshot`. */
export async function openLivePage<T>(
  setup: () => T,
  answer: (asked: Asked) => Response | Promise<Response>,
  snapshot: Snapshot = snapshotOf(),
) {
  const browser = openBrowser();
  browser.answer = (asked) =>
    asked.path.endsWith('/login') ? Response.json({ token: 'x', expiresAt: NOW }) : answer(asked);
  await useSession().enter({ username: 'admin', password: 'secret' });
  let made: { readonly value: T } | undefined;
  const Page = defineComponent(() => {
    made = { value: setup() };
    return () => null;
  });
  const app = createRenderer(NO_PAGE).createApp(
    defineComponent(() => {
      provideStatus();
      return () => h(Page);
    }),
  );
  app.mount({});
  onTestFinished(() => app.unmount());
  if (made === undefined) throw new Error('setup was not called');
  browser.newest().say(snapshot);
  await browser.pass(0);
  return { browser, made: made.value, hub: browser.newest() };
}
