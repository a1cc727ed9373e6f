// The settings page in a browser: facts, theme, the way out, and mappings that leave and come as a file.

import { readFile } from 'node:fs/promises';
import { beforeEach, expect } from 'vitest';
import type { Page } from 'playwright-core';
import { mappingListSchema, type MappingView } from '../../../protocol/api/mappings.ts';
import { expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

const test = testWith('chromium');

/** Two cores, and a browser beside two services: steps of a page take their time. */
const SLOW_MS = 60_000;

/** What Chromium itself says of a request that fails. */
const NO_ANSWER = /ERR_FAILED/;

const PHOTOS = mapping('Photos', 'photos.example.com', 8080);
const WIKI = mapping('Wiki', 'wiki.example.com', 8090);

/** Of tests that only look, and change mappings by the API. */
let admin: Page;

const stage = useDashboard();

beforeEach(async () => {
  admin = await stage.logIn('/machines');
  await importByApi([PHOTOS, WIKI]);
});

function mapping(name: string, externalDomain: string, internalPort: number) {
  return { name, externalDomain, internalHost: 'nas.local', internalPort, internalProtocol: 'http' };
}

/** Afterwards these are all there are. */
async function importByApi(mappings: unknown[]): Promise<void> {
  const answer = await admin.context().request.post('/api/v1/mappings/import', {
    data: { mappings, removeOthers: true },
    headers: { origin: stage.url },
  });
  expect(answer.status()).toBe(200);
}

async function stored(): Promise<MappingView[]> {
  const answer = await admin.context().request.get('/api/v1/mappings?limit=500');
  return mappingListSchema.parse(await answer.json()).items;
}

async function choose(page: Page, content: unknown, name = 'mappings.json'): Promise<void> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await page
    .getByLabel(/Choose a file of mappings/)
    .setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
}

function group(page: Page, name: string) {
  return page.getByRole('region', { name, exact: true });
}

test('the facts are there, and what fits is said to fit', async () => {
  const page = await stage.logIn('/settings');
  const facts = page.getByRole('region', { name: 'Agent and gateway' });
  await facts.getByText('Same version', { exact: true }).waitFor();
  await facts.getByText(`ws://127.0.0.1:${stage.rig.gatewayPort}/tunnel`).waitFor();
  await facts.getByText(`${stage.rig.dataDir}/octoporty.sqlite`).waitFor();
  await facts.getByText('7 d, at most 100,000 requests').waitFor();
  await facts.getByText('90 d, at most 10,000 tunnels').waitFor();
  const document = await facts.getByRole('link', { name: /OpenAPI document/ }).getAttribute('href');
  expect((await page.context().request.get(document ?? '')).status()).toBe(200);
  await expectNoViolations(page);
});

test('settings that cannot be loaded say so, and are loaded on request', async () => {
  const page = await stage.logIn('/machines');
  // What the hub tells for the first time has them loaded once more.
  await page.getByText('Tunnel online').first().waitFor();
  await page.route('**/api/v1/settings', (route) => route.abort());
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('alert').getByText('The settings could not be loaded.').waitFor();
  await expectNoViolations(page);
  await page.unroute('**/api/v1/settings');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('region', { name: 'Agent and gateway' }).waitFor();
  stage.expectQuietConsole({ butFor: [NO_ANSWER] });
});

test('a theme is chosen by the keyboard, at once, and remembered', async () => {
  const page = await stage.logIn('/settings', { colorScheme: 'light' });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByRole('radio', { name: 'System' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect.poll(ground).not.toBe(light);
  await page.reload();
  await expect.poll(() => page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true);
  expect(await ground()).not.toBe(light);
});

test('one can log out here', async () => {
  const page = await stage.logIn('/settings');
  const browser = page.getByRole('region', { name: 'This browser' });
  await browser.getByText('You are logged in as admin.').waitFor();
  await browser.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in to Octoporty' }).waitFor();
});

test('what is exported, imported again, would change nothing', async () => {
  const page = await stage.logIn('/settings');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export all mappings' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^octoporty-mappings-\d{4}-\d\d-\d\d\.json$/);
  const text = await readFile(await download.path(), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ mappings: [PHOTOS, WIKI] });
  await choose(page, text);
  await page.getByText('Nothing would change: all of it is there already.').waitFor();
  expect(await page.getByRole('button', { name: /^Import \d/ }).count()).toBe(0);
});

test('an export that fails says why', async () => {
  const page = await stage.logIn('/settings');
  await page.route('**/api/v1/mappings/export', (route) => route.abort());
  await page.getByRole('button', { name: 'Export all mappings' }).click();
  await page.getByRole('alert').getByText('The agent does not answer').waitFor();
  stage.expectQuietConsole({ butFor: [NO_ANSWER] });
});

test(
  'an import shows what would be created, changed and deleted, and does it when it is told to',
  async () => {
    const page = await stage.logIn('/settings');
    await choose(page, [
      mapping('Pictures', 'photos.example.com', 9090),
      mapping('Code', 'code.example.com', 3000),
    ]);
    await group(page, 'New').getByText('code.example.com').waitFor();
    const changed = group(page, 'Changed');
    await changed.getByRole('deletion').filter({ hasText: 'Photos' }).waitFor();
    await changed.getByText('Target port').waitFor();
    await changed.getByRole('deletion').filter({ hasText: '8080' }).waitFor();
    await changed.getByRole('insertion').filter({ hasText: '9090' }).waitFor();
    await page.getByText('1 new, 1 changed.', { exact: true }).waitFor();
    await page.getByLabel('Delete mappings that are not in the file').check();
    await group(page, 'To delete').getByText('wiki.example.com').waitFor();
    await expectNoViolations(page);
    // So far it was only looked at.
    expect((await stored()).map(({ name }) => name)).toEqual(['Photos', 'Wiki']);

    await page.getByRole('button', { name: 'Import 3 changes' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete 1 mapping that is not in the file?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await stored()).toHaveLength(2);
    await page.getByRole('button', { name: 'Import 3 changes' }).click();
    await dialog.getByRole('button', { name: 'Import and delete' }).click();
    await page.getByText('1 created, 1 changed, 1 deleted.').waitFor();
    await expectNoViolations(page);
    expect((await stored()).map(({ name, internalPort }) => [name, internalPort])).toEqual([
      ['Code', 3000],
      ['Pictures', 9090],
    ]);
    await page.getByRole('button', { name: 'Import another file' }).click();
    await page.getByLabel(/Choose a file of mappings/).waitFor();
  },
  SLOW_MS,
);

test(
  'what is refused is told by its name, place and field, and may be left out',
  async () => {
    const page = await stage.logIn('/settings', { width: 360, height: 740 });
    const long = `<img src=x onerror=alert(1)>${'very'.repeat(50)}`;
    await choose(page, [
      { ...mapping(long, 'a.example.com', 70_000), externalDomain: `${'long'.repeat(60)} not a name` },
      mapping('Code', 'code.example.com', 3000),
      'nonsense',
    ]);
    await page.getByText('2 entries are refused').waitFor();
    const refused = group(page, 'Refused');
    await refused.getByText(/^Target port: Enter a port/).waitFor();
    await refused.getByText('Entry 3 of the file').waitFor();
    await refused.getByText(long).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(await page.getByLabel('Delete mappings that are not in the file').isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: /^Import \d/ }).count()).toBe(0);
    await expectNoViolations(page);
    const preview = page.getByRole('region', { name: 'What the import would change' });
    const hasFocus = () => preview.evaluate((element) => element === document.activeElement);
    await expect.poll(hasFocus).toBe(true);
    await page.getByRole('button', { name: 'Leave out what is refused' }).click();
    await page.getByRole('button', { name: 'Import 1 change' }).waitFor();
    await expect.poll(hasFocus).toBe(true);
    await page.getByRole('button', { name: 'Import 1 change' }).click();
    await page.getByText('1 created.').waitFor();
    expect((await stored()).map(({ name }) => name)).toEqual(['Code', 'Photos', 'Wiki']);
  },
  SLOW_MS,
);

test('a preview follows what others do meanwhile', async () => {
  const page = await stage.logIn('/settings');
  await choose(page, [mapping('Code', 'code.example.com', 3000)]);
  await group(page, 'New').getByText('code.example.com').waitFor();
  await importByApi([mapping('Source', 'code.example.com', 3000)]);
  await group(page, 'Changed').getByText('Source').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByLabel(/Choose a file of mappings/).waitFor();
});

test('a file may be dropped, and one that holds no mappings is refused in words', async () => {
  const page = await stage.logIn('/settings');
  await choose(page, 'no JSON at all', 'holiday.jpg');
  await page.getByRole('alert').getByText('holiday.jpg: This file is no JSON').waitFor();
  await choose(page, { mappings: [] });
  await page.getByRole('alert').getByText('There is no mapping in this file.').waitFor();
  const files = await page.evaluateHandle(
    (text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'dropped.json', { type: 'application/json' }));
      return transfer;
    },
    JSON.stringify([PHOTOS, mapping('Code', 'code.example.com', 3000)]),
  );
  await page
    .getByText('Choose a file of mappings, or drop it here')
    .dispatchEvent('drop', { dataTransfer: files });
  await page.getByText('dropped.json').waitFor();
  await group(page, 'New').getByText('code.example.com').waitFor();
  await page.getByText('1 new, 1 unchanged.', { exact: true }).waitFor();
});

test('an agent that does not answer is asked once more on request', async () => {
  const page = await stage.logIn('/settings');
  await page.route('**/api/v1/mappings/import', (route) => route.abort());
  await choose(page, [mapping('Code', 'code.example.com', 3000)]);
  await page.getByRole('alert').getByText('The agent does not answer').waitFor();
  await page.unroute('**/api/v1/mappings/import');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Import 1 change' }).waitFor();
  stage.expectQuietConsole({ butFor: [NO_ANSWER] });
});
