// Where whoever uses the keyboard or listens to a page goes on, when what led them is gone.

import { expect, vi } from 'vitest';
import type { Locator, Page, Route } from 'playwright-core';
import { NO_CONNECTION, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

const stage = useDashboard({ maps: ['app.localhost=http://127.0.0.1:1'] });

function heading(page: Page, name: string): Locator {
  return page.getByRole('heading', { level: 1, name, exact: true });
}

function link(page: Page, name: string): Locator {
  return page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true });
}

function hasFocus(element: Locator): Promise<void> {
  return expect.poll(() => element.evaluate((each) => each === document.activeElement)).toBe(true);
}

/** Whatever is asked for there waits until the test lets it go on, or fails it. */
async function hold(page: Page, path: string) {
  const held: Route[] = [];
  await page.route(path, (route) => void held.push(route));
  return {
    async next(): Promise<Route> {
      await expect.poll(() => held.length).toBeGreaterThan(0);
      const route = held.shift();
      if (route === undefined) throw new Error('nothing is held');
      return route;
    },
    /** From now on nothing waits. */
    release: () => page.unroute(path),
  };
}

test('a page that is opened begins at its heading, whether by a link, a key or the way back', async () => {
  const page = await stage.logIn('/');
  await link(page, 'Mappings').click();
  await hasFocus(heading(page, 'Mappings'));
  await page.keyboard.press('Tab');
  await hasFocus(page.getByRole('link', { name: 'New mapping' }));
  for (const [key, name] of [
    ['r', 'Requests'],
    ['a', 'Machines'],
    ['c', 'Connections'],
    ['s', 'Settings'],
    ['o', 'Overview'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await hasFocus(heading(page, name));
  }
  // Who came by the keyboard sees where it is.
  const outline = await heading(page, 'Overview').evaluate((each) => getComputedStyle(each).outlineStyle);
  expect(outline).toBe('solid');
  await expectNoViolations(page);
  await page.goBack();
  await hasFocus(heading(page, 'Settings'));
});

test('a page that begins with a field leaves the focus there, and a filter is no page', async () => {
  const page = await stage.logIn('/mappings');
  await page.getByRole('link', { name: 'New mapping' }).click();
  await hasFocus(page.getByLabel('Public name'));
  await link(page, 'Mappings').click();
  await hasFocus(heading(page, 'Mappings'));
  await page.getByRole('searchbox').fill('app');
  await page.waitForURL(/search=app/);
  await hasFocus(page.getByRole('searchbox'));
});

test('a heading that was there while a mapping was loaded hands the focus to the mapping’s own', async () => {
  const page = await stage.logIn('/mappings');
  const answers = await hold(page, '**/api/v1/mappings/*');
  await page.getByRole('link', { name: 'app.localhost', exact: true }).first().click();
  const answer = await answers.next();
  await hasFocus(heading(page, 'Mapping'));
  await answer.continue();
  await hasFocus(heading(page, 'app.localhost'));
});

test('whoever leaves a form after all goes on at the heading of where they wanted to go', async () => {
  const page = await stage.logIn('/mappings/new');
  await page.getByLabel('Public name').fill('half.example.com');
  await link(page, 'Machines').click();
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await hasFocus(heading(page, 'Machines'));
});

test.each([
  ['Mappings', '**/api/v1/mappings?*'],
  ['Requests', '**/api/v1/requests?*'],
  ['Connections', '**/api/v1/connections?*'],
  ['Settings', '**/api/v1/settings'],
])(
  '“Try again” on %s keeps the focus while it tries, and leads to the heading once it has helped',
  async (name, path) => {
    const page = await stage.logIn('/machines');
    await page.getByText('Tunnel online').first().waitFor();
    await page.route(path, (route) => route.abort());
    await link(page, name).click();
    const again = page.getByRole('alert').getByRole('button', { name: 'Try again' });
    await again.waitFor();
    // The page asks again by itself too: no answer may slip through before they are held.
    const answers = await hold(page, path);
    await again.focus();
    await page.keyboard.press('Enter');
    const refused = await answers.next();
    expect(await again.getAttribute('aria-busy')).toBe('true');
    await hasFocus(again);
    await refused.abort();
    await again.and(page.locator(':not([aria-busy])')).waitFor();
    await hasFocus(again);
    await answers.release();
    await page.keyboard.press('Enter');
    await again.waitFor({ state: 'hidden' });
    await hasFocus(heading(page, name));
    stage.expectQuietConsole({ butFor: [/ERR_FAILED/] });
  },
);

test('“Load again” on what may be old does the same', async () => {
  const page = await stage.logIn('/settings');
  await page.getByRole('region', { name: 'Agent and gateway' }).waitFor();
  await page.route('**/api/v1/settings', (route) => route.abort());
  await page.context().setOffline(true);
  await page.getByText('The agent does not answer.').waitFor();
  await page.context().setOffline(false);
  const notice = page.getByRole('status').filter({ hasText: 'The settings may be old.' });
  await notice.waitFor();
  const answers = await hold(page, '**/api/v1/settings');
  const again = notice.getByRole('button', { name: 'Load again' });
  await again.focus();
  await page.keyboard.press('Enter');
  const answer = await answers.next();
  expect(await again.getAttribute('aria-disabled')).toBe('true');
  await hasFocus(again);
  await answer.continue();
  await notice.waitFor({ state: 'hidden' });
  await hasFocus(heading(page, 'Settings'));
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
});

test('“Try again” on the preview of an import does so too, and leads to the preview', async () => {
  const page = await stage.logIn('/settings');
  const path = '**/api/v1/mappings/import';
  await page.route(path, (route) => route.abort());
  const mapping = {
    name: 'Code',
    externalDomain: 'code.example.com',
    internalHost: 'nas.local',
    internalPort: 1,
  };
  await page.getByLabel(/Choose a file of mappings/).setInputFiles({
    name: 'mappings.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify([{ ...mapping, internalProtocol: 'http' }])),
  });
  const again = page.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  await page.unroute(path);
  const answers = await hold(page, path);
  await again.focus();
  await page.keyboard.press('Enter');
  const answer = await answers.next();
  await hasFocus(again);
  await answer.continue();
  await page.getByRole('button', { name: 'Import 1 change' }).waitFor();
  await hasFocus(page.getByRole('region', { name: 'What the import would change' }));
  stage.expectQuietConsole({ butFor: [/ERR_FAILED/] });
});
