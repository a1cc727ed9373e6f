// What is said of a page that is not live, and by whose clock its times go, in a browser.

import { expect } from 'vitest';
import type { Page } from 'playwright-core';
import { NO_CONNECTION, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

const test = testWith('chromium');
const stage = useDashboard();

const HUB = /\/hub\/status$/;

/** Not opened yet: what is between it and the agent can be put there first. */
async function pageBeside(): Promise<Page> {
  const page = await stage.logIn('/settings/at/all');
  return page.context().newPage();
}

function isOnline(page: Page): Promise<void> {
  return page.getByText('Tunnel online').first().waitFor();
}

function banner(page: Page) {
  return page.getByRole('status').filter({ hasText: /\S/ });
}

test('a proxy that lets no WebSockets through is said to be one, and none that is away', async () => {
  const page = await pageBeside();
  await page.routeWebSocket(HUB, (socket) => socket.close());
  await page.goto('/settings');
  await banner(page).getByText('Live updates are refused.').waitFor();
  await banner(page)
    .getByText(/a proxy in front of it lets no WebSockets through/)
    .waitFor();
  expect(await page.getByText('The agent does not answer.').count()).toBe(0);
  await expectNoViolations(page);
});

test('a page that does not understand its agent says so, and is mended by its button', async () => {
  const page = await pageBeside();
  let isNewer = true;
  await page.routeWebSocket(HUB, (socket) => {
    const agent = socket.connectToServer();
    agent.onMessage((message) =>
      socket.send(
        isNewer ? String(message).replace('"database":"ok"', '"database":"a newer word"') : message,
      ),
    );
  });
  await page.goto('/settings');
  await banner(page).getByText('This page is of another version than the agent.').waitFor();
  await expectNoViolations(page);
  isNewer = false;
  await page.getByRole('button', { name: 'Load it again' }).click();
  await isOnline(page);
  expect(await banner(page).count()).toBe(0);
});

test('a connection that is dead without an end is noticed, and dialled again', async () => {
  const page = await pageBeside();
  let sockets = 0;
  await page.routeWebSocket(HUB, (socket) => {
    const agent = socket.connectToServer();
    const isDead = (sockets += 1) === 1;
    let isTold = false;
    agent.onMessage((message) => {
      if (!isDead || !isTold) socket.send(message);
      isTold = true;
    });
  });
  await page.clock.install();
  await page.goto('/settings');
  await isOnline(page);
  await page.clock.fastForward(30_000);
  await expect.poll(() => sockets).toBe(1);
  await page.clock.runFor(1_000);
  await expect.poll(() => sockets).toBe(2);
  await isOnline(page);
});

test('what is read out of a lost connection does not tick: its age stands beside it', async () => {
  const page = await stage.logIn('/settings/at/all');
  await isOnline(page);
  await page.context().setOffline(true);
  const age = page.getByText(/^What you see is from \d+\ss ago/);
  const first = (await age.textContent()) ?? '';
  await age.filter({ hasNotText: first }).waitFor();
  expect(await banner(page).textContent()).toBe(
    'The agent does not answer. This page connects again by itself.',
  );
  await page.close();
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
});

test.each([30, -30])(
  'a browser whose clock is %d minutes off tells times by the agent’s',
  async (minutes) => {
    const page = await pageBeside();
    await page.clock.install({ time: Date.now() + minutes * 60_000 });
    await page.goto('/connections');
    await isOnline(page);
    await page.clock.runFor(2_000);
    // The agent of these tests has run for minutes, at most.
    await expect.poll(() => page.locator('time').allTextContents()).toEqual(expect.arrayContaining([]));
    const times = await page.locator('time').allTextContents();
    expect(times.filter((text) => /^in |(2[5-9]|[3-5]\d)\smin ago/.test(text))).toEqual([]);
  },
);
