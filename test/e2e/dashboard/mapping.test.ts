// One mapping in a browser: made, tried out, changed by two at once, deleted and brought back; and the journey of a save.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { mappingListSchema, mappingViewSchema, type MappingView } from '../../../protocol/api/mappings.ts';
import { answered, expectNoViolations, PASSWORD, useDashboard } from '../../support/dashboard.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { testWith } from '../../support/programs.ts';
import { freePort, get, SECRET, Service } from '../../support/rig.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');
const NO_HUB = /WebSocket connection/;

const origin = createServer((_request, response) => response.end('from the origin'));
let originPort: number;
let names = 0;

const stage = useDashboard();

beforeAll(async () => {
  originPort = await listen(origin);
});

afterAll(() => close(origin));

const publicName = (page: Page) => page.getByLabel('Public name');
const target = (page: Page) => page.getByLabel('Target', { exact: true });
const save = (page: Page) => page.getByRole('button', { name: 'Save' });
const step = (page: Page, name: string, says: string) =>
  page
    .getByRole('region', { name: 'What became of the save' })
    .or(page.getByRole('status', { name: 'What became of the save' }))
    .getByRole('listitem')
    .filter({ hasText: name })
    .filter({ hasText: says });
const live = (page: Page) => step(page, 'Live', 'done').waitFor();

/** A name that no other test uses. */
function newName(): string {
  names += 1;
  return `name-${names}.example.com`;
}

/** By the API, as another program would. */
async function create(page: Page, change: Record<string, unknown> = {}): Promise<MappingView> {
  const answer = await page.request.post('/api/v1/mappings', {
    data: {
      name: 'Photos',
      externalDomain: newName(),
      internalProtocol: 'http',
      internalHost: '127.0.0.1',
      internalPort: originPort,
      ...change,
    },
  });
  expect(answer.status()).toBe(201);
  return mappingViewSchema.parse(await answer.json());
}

async function change(page: Page, { id }: MappingView, data: Record<string, unknown>): Promise<void> {
  expect((await page.request.patch(`/api/v1/mappings/${id}`, { data })).ok()).toBe(true);
}

async function read(page: Page, id: string): Promise<MappingView> {
  return mappingViewSchema.parse(await (await page.request.get(`/api/v1/mappings/${id}`)).json());
}

async function open(page: Page, { id }: MappingView): Promise<void> {
  await page.goto(`/mappings/${id}`);
  await publicName(page).waitFor();
}

/** Beside the field, and read with it. */
async function errorOf(field: ReturnType<Page['getByLabel']>): Promise<string> {
  await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true');
  return field.evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .filter((id) => id.endsWith('-error'))
      .map((id) => document.getElementById(id)?.textContent.trim() ?? '')
      .join(),
  );
}

const hasFocus = (field: ReturnType<Page['getByLabel']>) =>
  expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);

test('the keyboard alone leads from an empty list to a request that is served, in well under a minute', async () => {
  const page = await stage.logIn('/mappings');
  await page.getByText('Nothing is exposed yet').waitFor();
  await expectNoViolations(page);
  const startMs = performance.now();
  const name = newName();
  await page.keyboard.press('n');
  await hasFocus(publicName(page));
  await page.keyboard.type(name);
  await page.keyboard.press('Tab');
  await page.keyboard.type(`127.0.0.1:${originPort}`);
  await page.keyboard.press('Enter');
  await live(page);
  expect((await get(stage.rig.gatewayPort, name)).body).toBe('from the origin');
  expect(performance.now() - startMs).toBeLessThan(20_000);
  await page.getByRole('heading', { level: 1, name }).waitFor();
  expect(await target(page).inputValue()).toBe(`http://127.0.0.1:${originPort}`);
  await page.getByText('1 request', { exact: true }).waitFor();
  await expectNoViolations(page);
});

test('an empty form says what it needs beside each field, and takes it back as soon as it is there', async () => {
  const page = await stage.logIn('/mappings/new');
  await page.getByRole('button', { name: 'Create mapping' }).click();
  expect(await errorOf(publicName(page))).toMatch(/Enter the public name/);
  expect(await errorOf(target(page))).toMatch(/Enter where the service is/);
  await hasFocus(publicName(page));
  await expectNoViolations(page);
  await publicName(page).fill('photos.example.com');
  await expect.poll(() => publicName(page).getAttribute('aria-invalid')).toBeNull();
});

test.each([
  ['Public name', '*.example.com', /Wildcard names are not supported/],
  ['Public name', 'https://photos.example.com/', /without a scheme/],
  ['Target', 'ftp://nas.local', /begins with http/],
  ['Target', 'http://nas.local:99999', /port/],
  ['Target', 'http://nas.local/admin', /without a path/],
  ['Name', 'x'.repeat(101), /1 to 100 characters/],
  ['Public port', '70000', /1 to 65535/],
])('%s: %j is told beside its field once it is left', async (label, text, says) => {
  const page = await stage.logIn('/mappings/new');
  await page.getByText('More settings').click();
  const field = page.getByLabel(label, { exact: true });
  await field.fill(text);
  await field.blur();
  expect(await errorOf(field)).toMatch(says);
});

test('a target test shows how far it came, and why no further', async () => {
  const page = await stage.logIn('/mappings/new');
  const run = page.getByRole('button', { name: 'Test target' });
  const steps = page.getByRole('status', { name: 'Target test' }).getByRole('listitem');
  await run.click();
  expect(await errorOf(target(page))).toMatch(/Enter where the service is/);

  await target(page).fill(`http://127.0.0.1:${originPort}`);
  await run.click();
  await steps.filter({ hasText: 'Get an answer: done' }).getByText('answers with status 200').waitFor();
  expect(await steps.filter({ hasText: 'Find the host: skipped' }).count()).toBe(1);
  expect(await steps.filter({ hasText: 'Connect: done' }).count()).toBe(1);
  await expectNoViolations(page);

  await target(page).fill(`http://127.0.0.1:${await freePort()}`);
  expect(await steps.count()).toBe(0);
  await run.click();
  await steps.filter({ hasText: 'Connect: failed' }).getByText('refused the connection').waitFor();
  expect(await steps.filter({ hasText: 'Get an answer: skipped' }).count()).toBe(1);

  await target(page).fill(`https://localhost:${originPort}`);
  await run.click();
  await steps.filter({ hasText: 'Agree on TLS: failed' }).getByText('Is it an http port?').waitFor();
  expect(await steps.filter({ hasText: 'Find the host: done' }).count()).toBe(1);
});

test('a name that another mapping has is told beside the public name', async () => {
  const page = await stage.logIn('/mappings/new');
  const { externalDomain } = await create(page);
  await publicName(page).fill(externalDomain);
  await target(page).fill('localhost:1');
  await page.getByRole('button', { name: 'Create mapping' }).click();
  expect(await errorOf(publicName(page))).toMatch(/Another mapping has this domain and port/);
  await hasFocus(publicName(page));
  stage.expectQuietConsole({ butFor: [answered(409)] });
});

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

test('more settings stay open under whoever types in them, and open for what is wrong there', async () => {
  const page = await stage.logIn('/mappings/new');
  const port = page.getByLabel('Public port');
  await publicName(page).fill(newName());
  await target(page).fill(`localhost:${originPort}`);
  await page.getByText('More settings').click();
  await port.fill('4430');
  await port.press('Backspace');
  await hasFocus(port);
  expect([await port.inputValue(), await port.isVisible()]).toEqual(['443', true]);
  await port.fill('99999');
  await page.getByText('More settings').click();
  await expect.poll(() => port.isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await hasFocus(port);
  await page.getByText('More settings').click();
  await expect.poll(() => port.isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await hasFocus(port);
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

test('what is typed while a save is under way is there after it, and is saved by the next', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page);
  await open(page, mapping);
  let answer = (): void => {};
  await page.route(`**/api/v1/mappings/${mapping.id}`, async (route) => {
    if (route.request().method() === 'PATCH') await new Promise<void>((resolve) => (answer = resolve));
    await route.continue();
  });
  const name = page.getByLabel('Name', { exact: true });
  await name.fill('First');
  await Promise.all([page.waitForRequest((request) => request.method() === 'PATCH'), save(page).click()]);
  await name.fill('Second');
  answer();
  await page.getByRole('heading', { level: 1, name: 'First' }).waitFor();
  expect(await name.inputValue()).toBe('Second');
  await page.unroute(`**/api/v1/mappings/${mapping.id}`);
  await save(page).click();
  await page.getByRole('heading', { level: 1, name: 'Second' }).waitFor();
});

test('whoever uses the keyboard goes on at the journey of what was created, and at the button of a save', async () => {
  const page = await stage.logIn('/mappings/new');
  await publicName(page).fill(newName());
  await target(page).fill(`localhost:${originPort}`);
  await page.getByRole('button', { name: 'Create mapping' }).focus();
  await page.keyboard.press('Enter');
  await live(page);
  await hasFocus(page.getByLabel('What became of the save'));

  await page.getByLabel('Name', { exact: true }).fill('Renamed');
  await save(page).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Renamed' }).waitFor();
  await hasFocus(save(page));
});

test('a button that is under way keeps the focus, and does nothing again', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page);
  await open(page, mapping);
  let saves = 0;
  let answer = (): void => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1/mappings/*', async (route) => {
    if (route.request().method() === 'PATCH') {
      saves += 1;
      await held;
    }
    await route.continue();
  });
  await page.getByLabel('Name', { exact: true }).fill('Renamed');
  await save(page).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => saves).toBe(1);
  await expect.poll(() => save(page).getAttribute('aria-busy')).toBe('true');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  await hasFocus(save(page));
  answer();
  await page.getByRole('heading', { level: 1, name: 'Renamed' }).waitFor();
  await hasFocus(save(page));
  expect(saves).toBe(1);
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

test('a save without a gateway stops where it is, says why, and goes on by itself', async () => {
  const page = await stage.logIn('/');
  await open(page, await create(page));
  await stage.rig.gateway.end('SIGTERM');
  await page.getByText('Tunnel waiting').first().waitFor();
  await target(page).fill('http://127.0.0.1:1111');
  await save(page).click();
  await step(page, 'Sent to the gateway', 'There is no tunnel').waitFor();
  await expectNoViolations(page);
  stage.rig.gateway.start();
  await live(page);
});

test('a save that the gateway refuses stops there with its reason', async () => {
  const page = await stage.logIn('/');
  const taken = newName();
  await stage.rig.waitOnline();
  const other = await startOtherAgent(`${taken}=http://127.0.0.1:${originPort}`);
  try {
    await expect
      .poll(async () => (await get(stage.rig.gatewayPort, taken)).body, { timeout: 30_000 })
      .toBe('from the origin');
    await open(page, await create(page));
    await publicName(page).fill(taken);
    await save(page).click();
    await step(page, 'Accepted by the gateway', 'failed').getByText('Another agent').waitFor();
    await step(page, 'Live', 'waiting').waitFor();
    await page.getByText('Refused').first().waitFor();
    await expectNoViolations(page);
    // Once the name is free it goes on by itself.
    await other.stop();
    await live(page);
  } finally {
    await other.stop();
  }
});

/** Beside the stage's own, with one mapping. */
async function startOtherAgent(map: string): Promise<{ stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'octoporty-other-'));
  const other = new Service('other agent', ['agent', '--map', map], {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${stage.rig.gatewayPort}/tunnel`,
    OCTOPORTY_UI_PASSWORD: 'a password for tests',
    OCTOPORTY_UI_PORT: String(await freePort()),
    OCTOPORTY_DATA_DIR: folder,
  });
  other.start();
  return {
    async stop() {
      await other.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test('a mapping that is not there says so, and leads back', async () => {
  const page = await stage.logIn('/mappings/00000000-0000-4000-8000-000000000000');
  await page.getByText('This mapping is not there').waitFor();
  await page.getByRole('link', { name: 'Back to the mappings' }).click();
  await page.getByRole('heading', { level: 1, name: 'Mappings' }).waitFor();
  stage.expectQuietConsole({ butFor: [answered(404)] });
});

test('what looks like HTML in any field stays text', async () => {
  const page = await stage.logIn('/mappings/new');
  const evil = '<img src=x onerror="document.title=\'owned\'">';
  await page.getByText('More settings').click();
  await page.getByLabel('Host header').selectOption('fixed');
  for (const label of ['Public name', 'Target', 'Name', 'Public port', 'Host name']) {
    await page.getByLabel(label, { exact: true }).fill(evil);
    await page.getByLabel(label, { exact: true }).blur();
  }
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await errorOf(publicName(page));

  const name = newName();
  await publicName(page).fill(name);
  await target(page).fill(`localhost:${originPort}`);
  await page.getByLabel('Public port').fill('443');
  await page.getByLabel('Host header').selectOption('preserve');
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await page.getByRole('heading', { level: 1, name: evil }).waitFor();
  await page.goto(`/mappings?search=${encodeURIComponent(evil)}`);
  await page.getByRole('link', { name: evil, exact: true }).waitFor();
  await page.getByRole('switch', { name: `Publish ${evil}` }).waitFor();
  expect(await page.getByRole('img').count()).toBe(0);
  expect(await page.title()).toBe('Mappings · Octoporty');
  const { items } = mappingListSchema.parse(
    await (await page.request.get(`/api/v1/mappings?search=${name}`)).json(),
  );
  expect(items[0]?.name).toBe(evil);
});

test.each([1280, 360])('names of any length stay within %d px', async (width) => {
  const page = await stage.logIn('/', { width });
  const label = 'x'.repeat(60);
  const mapping = await create(page, {
    name: 'n'.repeat(100),
    externalDomain: `${label}.${label}.${label}.${newName()}`,
    internalHost: `${label}.${label}.${label}.internal`,
  });
  await open(page, mapping);
  await page.getByRole('button', { name: 'Test target' }).click();
  await page.getByText('cannot be resolved').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  await page.goto('/mappings');
  await page.getByRole('link', { name: mapping.name }).first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  await expectNoViolations(page);
});

test('on a phone the journey of a save is seen without scrolling for it', async () => {
  const page = await stage.logIn('/mappings/new', { width: 360, height: 640 });
  await publicName(page).fill(newName());
  await target(page).fill(`localhost:${originPort}`);
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await live(page);
  const isSeen = () =>
    step(page, 'Live', 'done').evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    });
  await expect.poll(isSeen).toBe(true);
  await page.getByLabel('Name', { exact: true }).fill('Seen again');
  await page.keyboard.press('Enter');
  await live(page);
  await expect.poll(isSeen).toBe(true);
});
