// The list of mappings in a browser: found, ordered, switched, edited many at a time, live, and when it cannot be loaded.

import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { mappingListSchema, type MappingView } from '../../../protocol/api/mappings.ts';
import { answered, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { testWith } from '../../support/programs.ts';
import { get } from '../../support/rig.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

const origin = createServer((_request, response) => response.end('from the origin'));
let originPort: number;

const stage = useDashboard();

beforeAll(async () => {
  originPort = await listen(origin);
});

afterAll(() => close(origin));

/** Exactly these are there, named after the first part of their public name. */
async function have(page: Page, ...names: string[]): Promise<void> {
  const mappings = names.map((name) => ({
    name,
    externalDomain: `${name.toLowerCase()}.example.com`,
    internalProtocol: 'http',
    internalHost: '127.0.0.1',
    internalPort: originPort,
  }));
  const answer = await page.request.post('/api/v1/mappings/import', {
    data: { mappings, removeOthers: true },
  });
  expect(await answer.text()).toContain('unchanged');
}

async function stored(page: Page): Promise<MappingView[]> {
  return mappingListSchema.parse(await (await page.request.get('/api/v1/mappings?limit=500')).json()).items;
}

const rows = (page: Page) => page.getByRole('table', { name: 'Mappings' }).locator('tbody').getByRole('row');
const rowOf = (page: Page, name: string) =>
  rows(page).filter({ has: page.getByRole('link', { name, exact: true }) });
const switchOf = (page: Page, name: string) =>
  page.getByRole('switch', { name: `Publish ${name}`, exact: true });
const showsNames = (page: Page, names: string[]) =>
  expect
    .poll(
      async () => {
        const links = await rows(page)
          .getByRole('link')
          .evaluateAll((all) =>
            all
              .filter((link) => link.getAttribute('href')?.startsWith('/mappings/'))
              .map((link) => link.textContent.trim()),
          );
        return links;
      },
      { timeout: 10_000 },
    )
    .toEqual(names);

test('a live mapping whose service does not answer says so, here and on its page, until it does', async () => {
  const page = await stage.logIn('/mappings');
  await have(page, 'Dead');
  const row = rowOf(page, 'Dead');
  await row.getByText('Live', { exact: true }).waitFor();
  const [dead] = await stored(page);
  const lead = (internalPort: number) =>
    page.request.patch(`/api/v1/mappings/${dead?.id}`, { data: { internalPort } });
  await lead(1);
  await row.getByText('http://127.0.0.1:1', { exact: true }).waitFor();
  await expect.poll(async () => (await get(stage.rig.gatewayPort, 'dead.example.com')).status).toBe(502);
  await row.getByText('Live, no answer').waitFor();
  await page.reload();
  await row.getByText('Live, no answer').waitFor();
  await row.getByRole('link', { name: 'Dead', exact: true }).click();
  await page.getByRole('region', { name: 'How it stands' }).getByText('Live, no answer').waitFor();
  await expectNoViolations(page);
  await lead(originPort);
  await page.getByText('Live, no answer').first().waitFor({ state: 'detached' });
});

test('each mapping is told with its address, target, state and requests, and they move while one looks', async () => {
  const page = await stage.logIn('/mappings');
  await have(page, 'Photos', 'Files');
  const row = rowOf(page, 'Photos');
  await row.getByText('Live', { exact: true }).waitFor();
  await row.getByText(`http://127.0.0.1:${originPort}`).waitFor();
  expect(await row.getByRole('link', { name: 'photos.example.com' }).getAttribute('href')).toBe(
    'https://photos.example.com/',
  );
  await row.getByRole('button', { name: 'Copy the address of Photos' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('https://photos.example.com/');
  await row.getByRole('cell', { name: 'Never' }).waitFor();
  await get(stage.rig.gatewayPort, 'photos.example.com');
  await row.getByRole('cell', { name: 'just now' }).waitFor();
  await row.getByRole('cell', { name: '1', exact: true }).waitFor();
  await expectNoViolations(page);
});

test('what is searched, filtered and ordered is in the address, and comes back with it', async () => {
  const page = await stage.logIn('/mappings');
  await have(page, 'Zebra', 'Yak', 'Xerus', 'Wolf');
  await showsNames(page, ['Wolf', 'Xerus', 'Yak', 'Zebra']);
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await showsNames(page, ['Zebra', 'Yak', 'Xerus', 'Wolf']);
  expect(await page.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('descending');

  await switchOf(page, 'Yak').click();
  await rowOf(page, 'Yak').getByText('Off').waitFor();
  await page.getByRole('combobox', { name: 'State' }).selectOption({ label: 'Live (3)' });
  await showsNames(page, ['Zebra', 'Xerus', 'Wolf']);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('/');
  await page.keyboard.type('e');
  await page.keyboard.type('r');
  await showsNames(page, ['Xerus']);
  await page.getByText('1 of 4 mappings').waitFor();
  await page.reload();
  await showsNames(page, ['Xerus']);
  expect(await page.getByRole('searchbox').inputValue()).toBe('er');

  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByText('No mapping is like that').waitFor();
  await expectNoViolations(page);
  await page.getByRole('button', { name: 'Show all' }).click();
  await showsNames(page, ['Wolf', 'Xerus', 'Yak', 'Zebra']);
});

test('a switch moves at once, and moves back with the reason when the agent refuses', async () => {
  const page = await stage.logIn('/mappings');
  await have(page, 'Photos');
  await rowOf(page, 'Photos').waitFor();
  let answer = (): void => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1/mappings/*', async (route) => {
    await held;
    const title = 'The database cannot be used right now: nothing was changed. Try again.';
    await route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify({ type: 'about:blank', status: 503, title, code: 'unavailable' }),
    });
  });
  const photos = switchOf(page, 'Photos');
  await photos.click();
  expect(await photos.isChecked()).toBe(false);
  answer();
  await rowOf(page, 'Photos').getByRole('alert').getByText('The database cannot be used right now').waitFor();
  expect(await photos.isChecked()).toBe(true);
  await expectNoViolations(page);
  stage.expectQuietConsole({ butFor: [answered(503)] });

  await page.unroute('**/api/v1/mappings/*');
  await photos.click();
  await rowOf(page, 'Photos').getByText('Off').waitFor();
  expect(await rowOf(page, 'Photos').getByRole('alert').count()).toBe(0);
  expect((await stored(page))[0]?.enabled).toBe(false);
});

test('a second browser sees a switch that was turned in the first within a second', async () => {
  const page = await stage.logIn('/mappings');
  await have(page, 'Photos');
  const other = await stage.logIn('/mappings');
  await rowOf(page, 'Photos').getByText('Live', { exact: true }).waitFor();
  await rowOf(other, 'Photos').getByText('Live', { exact: true }).waitFor();
  await switchOf(page, 'Photos').click();
  const startMs = performance.now();
  await expect.poll(() => switchOf(other, 'Photos').isChecked(), { interval: 20 }).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(1_000);
  await have(page, 'Photos', 'Files');
  await rowOf(other, 'Files').waitFor();
});

test('many are switched and deleted together, and deleting them is undone', async () => {
  const page = await stage.logIn('/mappings');
  await have(page, 'Ant', 'Bee', 'Cat', 'Dog');
  await page.getByRole('checkbox', { name: 'Select Ant' }).check();
  await page.getByRole('checkbox', { name: 'Select Bee' }).check();
  const bar = page.getByRole('region', { name: 'Selected mappings' });
  await bar.getByText('2 selected').waitFor();
  await bar.getByRole('button', { name: 'Switch off' }).click();
  await page.getByText('2 mappings switched off.').waitFor();
  await expect.poll(() => switchOf(page, 'Bee').isChecked()).toBe(false);
  expect((await stored(page)).map(({ enabled }) => enabled)).toEqual([false, false, true, true]);
  await expectNoViolations(page);

  await page.getByRole('checkbox', { name: 'Select all that are listed' }).check();
  await bar.getByRole('button', { name: 'Switch on' }).click();
  await page.getByText('4 mappings switched on.').waitFor();
  await page.getByRole('checkbox', { name: 'Select Dog' }).uncheck();
  const before = await stored(page);
  await bar.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete 3 mappings?' });
  await dialog.getByText('Cat').waitFor();
  await expectNoViolations(page);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await showsNames(page, ['Dog']);
  const heading = page.getByRole('heading', { level: 1 });
  await expect.poll(() => heading.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('3 mappings are back.').waitFor();
  await showsNames(page, ['Ant', 'Bee', 'Cat', 'Dog']);
  expect((await stored(page)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});

test.each([1280, 360])(
  'choosing the first row moves no other, and no toast hides what can be done, at %d px',
  async (width) => {
    const page = await stage.logIn('/', { width });
    await have(page, 'Ant', 'Bee', 'Cat');
    await page.goto('/mappings');
    await rowOf(page, 'Cat').waitFor();
    const places = () => rows(page).evaluateAll((all) => all.map((row) => row.getBoundingClientRect().top));
    const before = await places();
    await page.getByRole('checkbox', { name: 'Select Ant' }).check();
    const bar = page.getByRole('region', { name: 'Selected mappings' });
    await bar.getByText('1 selected').waitFor();
    expect(await places()).toEqual(before);
    await bar.getByRole('button', { name: 'Switch off' }).click();
    await page.getByText('1 mapping switched off.').waitFor();
    for (const name of ['Switch on', 'Switch off', 'Delete', 'Clear'])
      await bar.getByRole('button', { name, exact: true }).click({ trial: true });
    await expectNoViolations(page);
    await bar.getByRole('button', { name: 'Clear' }).click();
    expect(await places()).toEqual(before);
  },
);

test('numbers in names count as people count them', async () => {
  const page = await stage.logIn('/mappings');
  await have(page, 'S10', 'S2', 'S1');
  await showsNames(page, ['S1', 'S2', 'S10']);
});

test('more mappings than the API tells at once are all there, fifty to a page', async () => {
  const page = await stage.logIn('/');
  await have(page, ...Array.from({ length: 1_020 }, (_each, index) => `M${String(index).padStart(4, '0')}`));
  await page.goto('/mappings');
  await page.getByText('1,020 mappings').waitFor();
  await expect.poll(() => rows(page).count()).toBe(50);
  const pages = page.getByRole('navigation', { name: 'Pages of the list' });
  await pages.getByText('Page 1 of 21').waitFor();
  await pages.getByRole('button', { name: 'Next' }).click();
  await rowOf(page, 'M0050').waitFor();
  await page.getByRole('searchbox').fill('m1019');
  await showsNames(page, ['M1019']);
  await page.goto('/mappings?page=999');
  await rowOf(page, 'M1019').waitFor();
});

test('a list that cannot be loaded says why, and is there once it can', async () => {
  const page = await stage.logIn('/');
  await have(page, 'Photos');
  await page.route('**/api/v1/mappings?*', (route) => route.abort());
  await page.goto('/mappings');
  await page.getByRole('alert').getByText('The agent does not answer').waitFor();
  await expectNoViolations(page);
  await page.unroute('**/api/v1/mappings?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await rowOf(page, 'Photos').waitFor();
  stage.expectQuietConsole({ butFor: [/ERR_FAILED/] });
});

test.each(['light', 'dark'] as const)('it works on a phone, %s', async (colorScheme) => {
  const page = await stage.logIn('/', { width: 360, colorScheme });
  await have(page, 'Photos', 'Files');
  await page.goto('/mappings');
  await rowOf(page, 'Photos').getByText('photos.example.com').waitFor();
  for (const name of ['State', 'Order']) expect(await cutLabels(page, name)).toEqual([]);
  await page.getByRole('combobox', { name: 'Order' }).selectOption({ label: 'By name' });
  await showsNames(page, ['Files', 'Photos']);
  await page.getByRole('checkbox', { name: 'Select Files' }).check();
  await page.getByRole('region', { name: 'Selected mappings' }).getByText('1 selected').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  await expectNoViolations(page);
});

/** The lines of a list that would not be seen whole once they are chosen. */
function cutLabels(page: Page, name: string): Promise<string[]> {
  return page.getByRole('combobox', { name }).evaluate((list: HTMLSelectElement) => {
    const style = getComputedStyle(list);
    const context = document.createElement('canvas').getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.font = style.font;
    const room =
      list.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    return [...list.options]
      .map(({ text }) => text.trim())
      .filter((text) => context.measureText(text).width > room);
  });
}
