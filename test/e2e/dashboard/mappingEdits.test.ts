// Edits of a mapping in a browser: of two at once, left unsaved, deleted and brought back. None is lost unasked.

import { expect, vi } from 'vitest';
import type { Page } from 'playwright-core';
import type { MappingView } from '../../../protocol/api/mappings.ts';
import { answered, expectNoViolations, PASSWORD } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';
import {
  errorOf,
  hasFocus,
  live,
  NO_HUB,
  open,
  publicName,
  read,
  save,
  target,
  useMappings,
} from './mappingPage.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

const { stage, create } = useMappings();

test('a save that somebody else was faster than is refused, told beside the field, and mine can be kept', async () => {
  const page = await stage.logIn('/');
  // Without its hub the page learns of the other's edit by the refusal alone.
  await page.routeWebSocket('**/hub/status', () => {});
  const mapping = await create(page);
  await open(page, mapping);
  await target(page).fill('http://127.0.0.1:1111');
  await change(page, mapping, { name: 'Pictures', internalPort: 2222 });
  await save(page).click();
  const notice = page.getByRole('alert', { name: 'Changed by somebody else' });
  await notice.getByText('the target and the name').waitFor();
  expect(await errorOf(target(page))).toBe('Somebody else entered: http://127.0.0.1:2222');
  await expectNoViolations(page);
  stage.expectQuietConsole({ butFor: [answered(412), NO_HUB] });

  await notice.getByRole('button', { name: 'Keep mine' }).click();
  await page.getByRole('heading', { level: 1, name: 'Pictures' }).waitFor();
  await expect.poll(async () => (await read(page, mapping.id)).internalPort).toBe(1111);
  expect((await read(page, mapping.id)).name).toBe('Pictures');
  // The notice is gone, and its button.
  await hasFocus(page.getByRole('heading', { level: 1 }));
  stage.expectQuietConsole({ butFor: [NO_HUB] });
});

test('an edit elsewhere is told at once while something is changed here, and theirs can be loaded', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page);
  await open(page, mapping);
  await page.getByLabel('Name', { exact: true }).fill('Mine');
  await change(page, mapping, { internalPort: 2222 });
  await page.getByRole('button', { name: 'Load their version' }).click();
  await expect.poll(() => target(page).inputValue()).toBe('http://127.0.0.1:2222');
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Photos');
  await page.getByRole('button', { name: 'Load their version' }).waitFor({ state: 'hidden' });
});

test('an edit elsewhere shows within a second where nothing was changed', async () => {
  const page = await stage.logIn('/');
  const other = await stage.logIn('/');
  const mapping = await create(page);
  await open(page, mapping);
  await open(other, mapping);
  await page.getByLabel('Name', { exact: true }).fill('Pictures');
  await save(page).click();
  const startMs = performance.now();
  await other.getByRole('heading', { level: 1, name: 'Pictures' }).waitFor();
  expect(performance.now() - startMs).toBeLessThan(1_000);
  expect(await other.getByLabel('Name', { exact: true }).inputValue()).toBe('Pictures');
});

test('a mapping that was deleted meanwhile can be created again as it is here', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page);
  await open(page, mapping);
  await page.getByLabel('Name', { exact: true }).fill('Saved from the flood');
  await page.request.delete(`/api/v1/mappings/${mapping.id}`);
  await page.getByRole('button', { name: 'Create it again' }).waitFor();
  // Nothing is claimed of what is gone.
  expect(await page.getByText('Deleted', { exact: true }).count()).toBe(2);
  expect(await page.getByRole('link', { name: mapping.externalDomain }).count()).toBe(0);
  await page.getByRole('button', { name: 'Create it again' }).click();
  await page.getByRole('heading', { level: 1, name: 'Saved from the flood' }).waitFor();
  await live(page);
  expect(page.url()).not.toContain(mapping.id);
  stage.expectQuietConsole({ butFor: [answered(404)] });
});

test('changes that were not saved are not lost by a click or the way back', async () => {
  const page = await stage.logIn('/mappings');
  await page.getByRole('link', { name: 'New mapping' }).click();
  await publicName(page).fill('half.example.com');
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  await page.getByRole('link', { name: 'Machines' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await publicName(page).inputValue()).toBe('half.example.com');
  await page.goBack();
  await expectNoViolations(page);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  expect(page.url()).toContain('/mappings/new');
  await page.goBack();
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('heading', { level: 1, name: 'Mappings' }).waitFor();
});

test('nor by logging out: it asks first, and whoever stays is logged in still', async () => {
  const page = await stage.logIn('/mappings/new');
  await publicName(page).fill('half.example.com');
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  await page.getByRole('button', { name: 'Log out' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'hidden' });
  expect(await publicName(page).inputValue()).toBe('half.example.com');
  await page.getByText('Tunnel online').first().waitFor();
  expect((await page.request.get('/api/v1/auth/session')).status()).toBe(200);

  await page.getByRole('button', { name: 'Log out' }).click();
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('heading', { name: 'Log in to Octoporty' }).waitFor();
  await expect.poll(async () => (await page.request.get('/api/v1/auth/session')).status()).toBe(401);
});

test('a login that has ended elsewhere asks nothing that nobody can answer, and what was entered is there after the next', async () => {
  const page = await stage.logIn('/mappings/new');
  await publicName(page).fill('half.example.com');
  await page.request.post('/api/v1/auth/logout', { headers: { origin: stage.url } });
  await page.getByRole('heading', { name: 'Log in to Octoporty' }).waitFor();
  await page.getByText('What you entered is kept').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('What you had entered is in the form again.').waitFor();
  expect(await publicName(page).inputValue()).toBe('half.example.com');
  await page.getByText('Not saved yet', { exact: true }).waitFor();
  stage.expectQuietConsole({ butFor: [answered(401), NO_HUB] });
});

test('a tab with unsaved changes asks before it is closed, one without them does not', async () => {
  const page = await stage.logIn('/mappings/new');
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await publicName(page).click();
  await page.keyboard.type('half');
  await page.reload();
  await publicName(page).click();
  await page.reload();
  await publicName(page).waitFor();
  expect(asked).toEqual(['beforeunload']);
});

test('deleting asks by name, and can be undone: the same mapping is back', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page, { name: 'Precious' });
  await open(page, mapping);
  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete “Precious”?' });
  await dialog.getByText(mapping.externalDomain).waitFor();
  await expectNoViolations(page);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { level: 1, name: 'Mappings' }).waitFor();
  const link = page.getByRole('link', { name: 'Precious', exact: true });
  await link.waitFor({ state: 'hidden' });
  await hasFocus(page.getByRole('heading', { level: 1 }));
  await page.getByRole('button', { name: 'Undo' }).click();
  await link.waitFor();
  await hasFocus(page.getByRole('heading', { level: 1 }));
  expect((await read(page, mapping.id)).name).toBe('Precious');
});

test('what was deleted does not come back over a mapping that has its name by now', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page, { name: 'Precious' });
  await open(page, mapping);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  const { externalDomain } = mapping;
  const newer = await create(page, { name: 'Newer', externalDomain, internalPort: 1111 });
  await page.getByRole('button', { name: 'Undo' }).click();
  await page
    .getByText('“Precious” could not be brought back. Another mapping has its public name now.')
    .waitFor();
  expect(await read(page, newer.id)).toMatchObject({ name: 'Newer', internalPort: 1111 });
});

/** By the API, as another program would. */
async function change(page: Page, { id }: MappingView, data: Record<string, unknown>): Promise<void> {
  expect((await page.request.patch(`/api/v1/mappings/${id}`, { data })).ok()).toBe(true);
}
