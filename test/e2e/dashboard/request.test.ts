// One request in a browser: told whole, by pointer, keyboard and on a phone, and harmless whatever was asked.

import { expect } from 'vitest';
import { mappingListSchema } from '../../../protocol/api/mappings.ts';
import { expectNoViolations } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';
import { get, until } from '../../support/rig.ts';
import { SLOW_MS, freshPath, newOnes, row, useRequests } from './requestsPage.ts';

const test = testWith('chromium');

const { stage, visit, send, openRequests } = useRequests();

test(
  'a click tells all of a request, and its command line can be copied',
  async () => {
    const page = await openRequests();
    const path = freshPath();
    await visit(path);
    await row(page, path).click();
    const panel = page.getByRole('region', { name: 'Request', exact: true });
    await panel.getByText(`GET ${path}`).waitFor();
    await panel.getByText('Answered in full by the service.').waitFor();
    await panel.getByText('Waiting').waitFor();
    await panel.getByText('Transfer').waitFor();
    await panel.getByText('1.23 kB').waitFor();
    await panel.getByRole('button', { name: 'Copy as cURL' }).click();
    await panel.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(`curl https://app.localhost${path}`);
    await expectNoViolations(page);
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
  },
  SLOW_MS,
);

test(
  'a request that failed says why',
  async () => {
    const page = await openRequests();
    const path = freshPath();
    await visit(path, 'down.localhost');
    await row(page, path).getByText('502').waitFor();
    await row(page, path).click();
    await page.getByText('The service refused the connection: it is probably not running.').waitFor();
    await page.getByText('origin_refused').waitFor();
    await page.getByText('No answer came.').waitFor();
  },
  SLOW_MS,
);

test(
  'the keyboard alone goes through the list, opens a request and closes it',
  async () => {
    const [older, newer] = [freshPath(), freshPath()];
    await visit(older);
    await visit(newer);
    const page = await openRequests();
    await row(page, newer).waitFor();
    await page.keyboard.press('ArrowDown');
    const grid = page.getByRole('grid', { name: 'Requests' });
    const active = async () => (await page.getByRole('row', { selected: true }).textContent()) ?? '';
    expect(await active()).toContain(newer);
    expect(await grid.getAttribute('aria-activedescendant')).toBe(
      await page.getByRole('row', { selected: true }).getAttribute('id'),
    );
    await page.keyboard.press('Enter');
    const panel = page.getByRole('region', { name: 'Request', exact: true });
    await panel.getByText(`GET ${newer}`).waitFor();
    await page.keyboard.press('ArrowDown');
    await panel.getByText(`GET ${older}`).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await active()).toContain(newer);
    await page.keyboard.press('End');
    await expect.poll(active).not.toContain(newer);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('row', { selected: true }).count()).toBe(0);
  },
  SLOW_MS,
);

test(
  'on a phone a request is told in a dialog, and the list goes on when it is closed',
  async () => {
    const path = freshPath();
    await visit(path);
    const page = await openRequests('/requests', { width: 360, height: 740 });
    await expectNoViolations(page);
    await row(page, path).click();
    const dialog = page.getByRole('dialog', { name: 'Request' });
    await dialog.getByText(`GET ${path}`).waitFor();
    await expectNoViolations(page);
    // However far one has read on.
    await dialog.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
    await dialog.getByRole('button', { name: 'Close' }).click({ trial: true });
    expect(await dialog.evaluate((element) => element.scrollTop)).toBeGreaterThan(0);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.mouse.move(0, 0);
    const next = freshPath();
    await visit(next);
    await newOnes(page).click();
    await row(page, next).waitFor();
    await page.mouse.move(0, 0);
    await page.getByText('Live', { exact: true }).waitFor();
  },
  SLOW_MS,
);

test(
  'what strangers ask for is shown as text, and breaks no layout',
  async () => {
    const evil = ['/<img/src=x/onerror=alert(1)>', '/"><script>alert(1)</script>', `/'-alert(1)-'`];
    const long = `/${'a-very-long-name'.repeat(20)}`;
    for (const path of [...evil, long]) await send('GET', path);
    const name = `<img src=x onerror=alert(1)>${'a'.repeat(60)}`;
    const host = 'named.localhost';
    await addMapping(name, host);
    await visit('/of-the-odd-name', host);
    for (const width of [1280, 360]) {
      const page = await openRequests('/requests', { width });
      page.on('dialog', () => expect.unreachable());
      for (const path of evil) await row(page, path).waitFor();
      expect(await page.locator('main img, main script').count()).toBe(0);
      await row(page, '/of-the-odd-name').getByText(name).waitFor();
      await row(page, '/of-the-odd-name').click();
      await page.getByRole('link', { name }).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      await page.getByRole('button', { name: 'Close' }).click();
      await row(page, long.slice(0, 60)).click();
      await page.getByText(`GET ${long}`).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
  },
  SLOW_MS,
);

/** To the same origin; answers once visitors reach it. */
async function addMapping(name: string, externalDomain: string): Promise<void> {
  const page = await stage.logIn('/');
  const { internalPort } = mappingListSchema.parse(
    await (await page.request.get('/api/v1/mappings?search=app.localhost')).json(),
  ).items[0] ?? { internalPort: 0 };
  const draft = { name, externalDomain, internalHost: '127.0.0.1', internalPort, internalProtocol: 'http' };
  const made = await page.request.post('/api/v1/mappings', { data: draft, headers: { origin: stage.url } });
  expect(made.status(), await made.text()).toBe(201);
  await until('it is served', async () => (await get(stage.rig.gatewayPort, externalDomain)).status === 200);
  await page.context().close();
}
