// Owns the test of what is live: by whose clock, and what a page says when nothing is.

import { expect, test } from 'vitest';
import { HUB_BEAT_MS } from '../../protocol/api/hub.ts';
import { BACKGROUND_HEADER } from '../../protocol/api/session.ts';
import { useNow } from '../../ui/live/useNow.ts';
import { useSession } from '../../ui/live/useSession.ts';
import { provideStatus } from '../../ui/live/useStatus.ts';
import { wordsOfTrouble } from '../../ui/words/troubleWords.ts';
import { NOW, snapshotOf } from '../support/hubTells.ts';
import { inComponent, openBrowser } from './support/browserStage.ts';

const SNAPSHOT = snapshotOf();

/** A page whose agent answers that `admin` is logged in. */
async function openPage() {
  const browser = openBrowser();
  const session = { username: 'admin', createdAt: NOW, expiresAt: NOW };
  const answers = { session: () => Response.json(session) };
  browser.answer = ({ path }) =>
    path.endsWith('/login') ? Response.json({ token: 'x', expiresAt: NOW }) : answers.session();
  await useSession().enter({ username: 'admin', password: 'secret' });
  const { made: live } = inComponent(() => ({ ...provideStatus(), nowMs: useNow() }));
  return { browser, answers, live, says: () => wordsOfTrouble(live.trouble.value).title };
}

test.each([30 * 60_000, -30 * 60_000])(
  'an agent whose clock is %d ms ahead of the browser’s has the time',
  async (aheadMs) => {
    const { browser, live } = await openPage();
    const agentMs = () => Date.now() + aheadMs;
    browser.newest().say({ ...SNAPSHOT, now: new Date(agentMs()).toISOString() });
    await browser.pass(1_000);
    expect(live.nowMs.value).toBe(agentMs());
    expect(live.sinceMs.value).toBe(agentMs() - 1_000);
  },
);

test('the time does not jump with what a message takes on its way, and follows a clock that is set', async () => {
  const { browser, live } = await openPage();
  browser.newest().say(SNAPSHOT);
  await browser.pass(900);
  browser.newest().say({ type: 'time', now: NOW });
  await browser.pass(1_000);
  const apartMs = Date.now() - live.nowMs.value;
  expect([apartMs >= 0, apartMs < 1_000]).toEqual([true, true]);
  browser.newest().say({ type: 'time', now: new Date(Date.now() + 3_600_000).toISOString() });
  await browser.pass(1_000);
  expect(live.nowMs.value - Date.now()).toBeGreaterThan(3_599_000);
});

test('a hub that is refused while the agent answers is said, and is none that is away', async () => {
  const { browser, live, answers, says } = await openPage();
  browser.newest().end();
  await browser.pass(0);
  // An agent that has just come back was away for the first.
  expect(says()).toBe('The agent does not answer.');
  await browser.pass(500);
  browser.newest().end();
  await browser.pass(0);
  expect([says(), live.isLive.value]).toEqual(['Live updates are refused.', false]);
  answers.session = () => new Response('Bad Gateway', { status: 502 });
  await browser.pass(1_000);
  browser.newest().end();
  await browser.pass(0);
  expect(says()).toBe('The agent does not answer.');
  await browser.pass(2_000);
  browser.newest().say(SNAPSHOT);
  expect(live.isLive.value).toBe(true);
});

test('a hub that lets a socket in and tells nothing is refused, too', async () => {
  const { browser, says } = await openPage();
  await browser.pass(8_000);
  await browser.pass(500);
  await browser.pass(8_000);
  expect(says()).toBe('Live updates are refused.');
});

test('a page that does not understand its agent says so and how it is mended, and dials no more for it', async () => {
  const { browser, live, says } = await openPage();
  browser.newest().say({ ...SNAPSHOT, status: { ...SNAPSHOT.status, database: 'a newer word' } });
  for (let beats = 0; beats < 5; beats += 1) {
    await browser.pass(HUB_BEAT_MS);
    browser.newest().say({ type: 'time', now: NOW });
  }
  expect(says()).toBe('This page is of another version than the agent.');
  expect(wordsOfTrouble(live.trouble.value).reload).toBe('Load it again');
  expect([live.isLive.value, browser.sockets.length]).toEqual([false, 1]);
});

test('a page that nobody is at looks after its hub without keeping anybody logged in', async () => {
  const { browser } = await openPage();
  browser.newest().say(SNAPSHOT);
  await browser.pass(61_000);
  browser.asked.length = 0;
  browser.newest().end();
  await browser.pass(500);
  browser.newest().end();
  await browser.pass(0);
  expect(browser.asked.map(({ path, headers }) => [path, headers.has(BACKGROUND_HEADER)])).toEqual([
    ['/api/v1/auth/session', true],
  ]);
});

test('when nobody is logged in any more, nothing is followed', async () => {
  const { browser, live } = await openPage();
  browser.newest().say(SNAPSHOT);
  useSession().forget();
  await browser.pass(60_000);
  expect([live.isLive.value, live.status.value, browser.sockets.length]).toEqual([false, null, 1]);
});
