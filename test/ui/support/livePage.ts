// A page that is logged in and live, in the hands of a test: what its composable is told, and what it asks for.

import { createRenderer, defineComponent, h } from 'vue';
import { onTestFinished } from 'vitest';
import type { HubMessage } from '../../../protocol/api/hub.ts';
import { useSession } from '../../../ui/live/useSession.ts';
import { provideStatus } from '../../../ui/live/useStatus.ts';
import { NO_PAGE, NOW, openBrowser, type Asked } from './browserStage.ts';

type Snapshot = Extract<HubMessage, { type: 'snapshot' }>;

export const SNAPSHOT: Snapshot = {
  type: 'snapshot',
  now: NOW,
  status: {
    state: 'online.lively',
    since: NOW,
    attempt: 1,
    nextRetryAt: null,
    lastError: null,
    gateway: { url: 'wss://tunnel.example', version: '1.0.0', host: null, rttMs: 12 },
    tunnels: 1,
    config: { revision: 1, ackedRevision: 1, errors: [] },
    database: 'ok',
    droppedLogRows: 0,
    relays: 0,
    agentName: 'home',
    version: '1.0.0',
    uptimeSeconds: 5,
  },
  machines: [],
  routes: {},
  edition: 1,
};

/** `setup` runs in a component below the one that follows the hub, which has told `snapshot`. */
export async function openLivePage<T>(
  setup: () => T,
  answer: (asked: Asked) => Response | Promise<Response>,
  snapshot: Snapshot = SNAPSHOT,
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
