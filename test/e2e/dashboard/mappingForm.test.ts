// The form of a mapping in a browser: filled in by the keyboard alone, checked beside each field, tried out, harmless.

import { expect, vi } from 'vitest';
import { mappingListSchema } from '../../../protocol/api/mappings.ts';
import { answered, expectNoViolations } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';
import { freePort, get } from '../../support/rig.ts';
import { errorOf, hasFocus, live, newName, open, publicName, target, useMappings } from './mappingPage.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

const { stage, origin, create } = useMappings();

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
  await page.keyboard.type(`127.0.0.1:${origin.port}`);
  await page.keyboard.press('Enter');
  await live(page);
  expect((await get(stage.rig.gatewayPort, name)).body).toBe('from the origin');
  expect(performance.now() - startMs).toBeLessThan(20_000);
  await page.getByRole('heading', { level: 1, name }).waitFor();
  expect(await target(page).inputValue()).toBe(`http://127.0.0.1:${origin.port}`);
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

  await target(page).fill(`http://127.0.0.1:${origin.port}`);
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

  await target(page).fill(`https://localhost:${origin.port}`);
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

test('more settings stay open under whoever types in them, and open for what is wrong there', async () => {
  const page = await stage.logIn('/mappings/new');
  const port = page.getByLabel('Public port');
  await publicName(page).fill(newName());
  await target(page).fill(`localhost:${origin.port}`);
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
  await target(page).fill(`localhost:${origin.port}`);
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
