// What is around every page: where one can go, keys, themes, and what is said while the agent is away.

import { expect, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { NO_CONNECTION, answered, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

const PLACES = ['Overview', 'Mappings', 'Requests', 'Machines', 'Connections', 'Settings'];

const stage = useDashboard();

function isOnline(page: Page): Promise<void> {
  return page.getByText('Tunnel online').first().waitFor();
}

/** The first that is seen: beside the page, or below it on a phone. */
function link(page: Page, name: string) {
  return page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true });
}

test.each([1280, 360])('every place can be reached at %d px, and says that one is there', async (width) => {
  const page = await stage.logIn('/', { width });
  for (const name of PLACES.toReversed()) {
    await link(page, name).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    expect(await link(page, name).getAttribute('aria-current')).toBe('page');
    expect(await page.title()).toBe(`${name} · Octoporty`);
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test.each(['/mappings/a/b', '/mapping/abc'])(
  'the address %s, which is none, is said to be none',
  async (path) => {
    const page = await stage.logIn(path);
    await page.getByRole('heading', { level: 1, name: 'Not found' }).waitFor();
    await page.getByRole('link', { name: 'Go to the overview' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    stage.expectQuietConsole({ butFor: [answered(404)] });
  },
);

test('keys lead everywhere, `?` shows them all, and Escape gives the focus back', async () => {
  const page = await stage.logIn('/');
  await isOnline(page);
  for (const [key, name] of [
    ['m', 'Mappings'],
    ['r', 'Requests'],
    ['a', 'Machines'],
    ['c', 'Connections'],
    ['s', 'Settings'],
    ['o', 'Overview'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.getByRole('heading', { level: 1, name }).waitFor();
  }
  await link(page, 'Overview').focus();
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await dialog.getByText('New mapping').waitFor();
  // In a dialog keys belong to the dialog.
  await page.keyboard.press('n');
  await expectNoViolations(page);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  expect(await page.evaluate(() => document.activeElement?.textContent.trim())).toBe('Overview');
  await page.keyboard.press('n');
  await page.waitForURL('**/mappings/new');
});

test.each([1280, 360])('a dialog can be closed without a keyboard at %d px', async (width) => {
  const page = await stage.logIn('/', { width });
  await isOnline(page);
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.keyboard.press('?');
  await dialog.getByRole('button', { name: 'Close' }).focus();
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
});

test('keys that are typed into a field are words, and no commands', async () => {
  const page = await stage.newPage();
  await page.goto('/login');
  await page.getByLabel('User name').fill('');
  await page.getByLabel('User name').pressSequentially('gm?n');
  expect(await page.getByLabel('User name').inputValue()).toBe('gm?n');
  expect(await page.getByRole('dialog').count()).toBe(0);
  // The same key beside the fields is one.
  await page.getByRole('button', { name: 'Log in' }).focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
});

test('whoever begins at the keyboard can skip to the content', async () => {
  const page = await stage.logIn('/requests');
  await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('content');
});

test('the theme is the system’s until one is chosen, and that one is remembered', async () => {
  const page = await stage.logIn('/', { colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await page.getByRole('button', { name: /^Theme: system/ }).click();
  await expect.poll(ground).not.toBe(dark);
  const light = await ground();
  await page.reload();
  await page.getByRole('button', { name: /^Theme: light/ }).click();
  await expect.poll(ground).toBe(dark);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.reload();
  await page.getByRole('button', { name: /^Theme: dark/ }).click();
  await expect.poll(ground).toBe(light);
});

test.each(['dark', 'light'] as const)(
  'a remembered %s theme is there before the dashboard’s own scripts are: nothing flashes',
  async (theme) => {
    const page = await stage.logIn('/', { colorScheme: theme === 'dark' ? 'light' : 'dark' });
    await page.evaluate((chosen) => localStorage.setItem('octoporty.theme', chosen), theme);
    await page.route('**/assets/index-*.js', (route) => route.abort());
    await page.goto('/mappings');
    const scheme = () => getComputedStyle(document.documentElement).colorScheme;
    expect(await page.evaluate(scheme)).toBe(theme);
    stage.expectQuietConsole({ butFor: NO_CONNECTION });
  },
);

test.each([1280, 360])('nothing around the pages violates accessibility at %d px', async (width) => {
  const page = await stage.logIn('/settings/at/all', { width });
  await page.getByRole('heading', { level: 1, name: 'Not found' }).waitFor();
  await isOnline(page);
  await expectNoViolations(page);
});

test('a network that is cut is said, and what comes back is live again by itself', async () => {
  const page = await stage.logIn('/');
  await isOnline(page);
  await page.context().setOffline(true);
  await page.getByText('The agent does not answer.').waitFor();
  await page.context().setOffline(false);
  await page.getByText('The agent does not answer.').waitFor({ state: 'hidden' });
  await isOnline(page);
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
});

test('what is greyed while the network is cut stays legible', async () => {
  const page = await stage.logIn('/settings/at/all');
  await isOnline(page);
  await page.context().setOffline(true);
  await page.getByText('The agent does not answer.').waitFor();
  await expectNoViolations(page);
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
  await page.close();
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
});

test('an agent that is restarted is missed in words, and back without a new login', async () => {
  const page = await stage.logIn('/');
  await isOnline(page);
  await stage.rig.agent.end('SIGTERM');
  await page.getByText('The agent does not answer.').waitFor();
  await page.getByText('Agent away').first().waitFor();
  // What was there stays, greyed; a page that was never opened is not there to be shown.
  await link(page, 'Machines').click();
  await page.getByText('This page could not be loaded.').waitFor();
  stage.rig.agent.start();
  await page.getByText('The agent does not answer.').waitFor({ state: 'hidden' });
  await isOnline(page);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { level: 1, name: 'Machines' }).waitFor();
  stage.expectQuietConsole({ butFor: [...NO_CONNECTION, /dynamically imported module/] });
});
