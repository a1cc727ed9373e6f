// The requests page in a browser: live, still while one looks, found by filters, told whole, and harmless whatever is asked.

import { createServer } from 'node:http';
import { afterAll, expect } from 'vitest';
import type { Page } from 'playwright-core';
import { mappingListSchema } from '../../../protocol/api/mappings.ts';
import { NO_CONNECTION, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { testWith } from '../../support/programs.ts';
import { RawClient } from '../../support/rawClient.ts';
import { get, until } from '../../support/rig.ts';

const test = testWith('chromium');

/** Two cores, and a browser beside two services: steps of a page take their time. */
const SLOW_MS = 60_000;

/** Pages of history that are read one after the other. */
const HISTORY_ROWS = 450;

const origin = createServer((asked, response) => {
  const { searchParams } = new URL(asked.url ?? '/', 'http://origin');
  response.writeHead(Number(searchParams.get('status') ?? 200)).end('x'.repeat(1234));
});
/** No two tests ask for the same path. */
let lastPath = 0;

const stage = useDashboard(async () => ({
  maps: [`app.localhost=http://127.0.0.1:${await listen(origin)}`, 'down.localhost=http://127.0.0.1:1'],
}));

afterAll(() => close(origin));

function freshPath(): string {
  lastPath += 1;
  return `/of-test-${lastPath}/page`;
}

/** One GET through the tunnel. */
async function visit(path: string, host = 'app.localhost'): Promise<void> {
  await get(stage.rig.gatewayPort, host, path);
}

/** Any request line, of which a browser would not send every one. */
async function send(method: string, target: string): Promise<void> {
  const client = await RawClient.connect(stage.rig.gatewayPort);
  client.send(
    `${method} ${target} HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
  await client.rest();
}

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

function row(page: Page, path: string) {
  return page.getByRole('grid', { name: 'Requests' }).getByRole('row').filter({ hasText: path });
}

/** As many as came, and now and then some that were written to the log a moment before. */
function newOnes(page: Page) {
  return page.getByRole('button', { name: /^[\d,]+ new$/ });
}

/** Open, with the log read, and the pointer away from the list. */
async function openRequests(address = '/requests', options = {}): Promise<Page> {
  const page = await stage.logIn(address, options);
  page.setDefaultTimeout(10_000);
  await page.getByText(/^[\d,]+ requests?/).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  return page;
}

test(
  'before the first request the page says what it waits for, and the first one is listed by itself',
  async () => {
    const page = await stage.logIn('/requests');
    await page.getByRole('heading', { name: 'No requests yet' }).waitFor();
    await expectNoViolations(page);
    const path = freshPath();
    await visit(`${path}?secret=1`);
    await row(page, path).getByText('200').waitFor();
    expect(await page.getByText('secret').count()).toBe(0);
  },
  SLOW_MS,
);

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
  'a paused list stays as it is, and new ones wait behind a button',
  async () => {
    const page = await openRequests();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.mouse.move(0, 0);
    const path = freshPath();
    await visit(path);
    await newOnes(page).waitFor();
    expect(await row(page, path).count()).toBe(0);
    await newOnes(page).click();
    await row(page, path).waitFor();
    const other = freshPath();
    await visit(other);
    await newOnes(page).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await row(page, other).waitFor();
    await newOnes(page).waitFor({ state: 'detached' });
  },
  SLOW_MS,
);

test(
  'nothing moves under the pointer, nor while one has scrolled',
  async () => {
    for (let n = 0; n < 40; n += 1) await visit(freshPath());
    const page = await openRequests();
    const grid = page.getByRole('grid', { name: 'Requests' });
    const third = grid.getByRole('row').nth(3);
    await third.hover();
    const before = { text: await third.textContent(), box: await third.boundingBox() };
    await visit(freshPath());
    await newOnes(page).waitFor();
    expect(await third.boundingBox()).toEqual(before.box);
    expect(pathIn(await third.textContent())).toBe(pathIn(before.text));
    await page.mouse.move(0, 0);
    await newOnes(page).waitFor({ state: 'detached' });

    await grid.evaluate((list) => list.scrollTo({ top: 700 }));
    await page.getByText('Held', { exact: true }).waitFor();
    const path = freshPath();
    await visit(path);
    await newOnes(page).click();
    await row(page, path).waitFor();
    expect(await grid.evaluate((list) => list.scrollTop)).toBe(0);
  },
  SLOW_MS,
);

test(
  'filters are in the address, choose from the log and from what comes, and can be taken away',
  async () => {
    const [good, bad, down] = [freshPath(), freshPath(), freshPath()];
    await visit(good);
    await visit(`${bad}?status=503`);
    await send('DELETE', good);
    await visit(down, 'down.localhost');
    const page = await openRequests();
    await page.getByLabel('Status').selectOption('5xx');
    await page.waitForURL('**/requests?status=5xx');
    await row(page, bad).waitFor();
    await expect.poll(() => row(page, good).count()).toBe(0);
    await visit(freshPath());
    const live = freshPath();
    await visit(`${live}?status=500`);
    await row(page, live).waitFor();
    // All that came before the last one is there by now.
    expect(await page.getByRole('row').filter({ hasText: '200' }).count()).toBe(0);

    await page.getByLabel('Status').selectOption('All statuses');
    await page.getByLabel('Method').selectOption('DELETE');
    await row(page, good).waitFor();
    await expect.poll(() => row(page, bad).count()).toBe(0);
    await page.getByLabel('Method').selectOption('All methods');
    await page.getByLabel('Mapping').selectOption({ label: 'down.localhost (down.localhost)' });
    await page.waitForURL('**/requests?mapping=*');
    await row(page, down).waitFor();
    await expect.poll(() => row(page, 'app.localhost').count()).toBe(0);
    await row(page, down).waitFor();
    await page.getByLabel('Mapping').selectOption('All mappings');

    await page.keyboard.press('/');
    await page.keyboard.type(good.toUpperCase());
    await page.waitForURL(/\?path=/);
    await expect.poll(() => row(page, good).count()).toBe(2);
    await page.reload();
    await expect.poll(() => row(page, good).count()).toBe(2);
    expect(await page.getByLabel('Path').inputValue()).toBe(good.toUpperCase());
    await page.getByLabel('Path').fill('/no-request-is-like-this');
    await page.getByRole('button', { name: 'Show all requests' }).click();
    await row(page, bad).waitFor();
    expect(new URL(page.url()).search).toBe('');
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
  'older requests are read as one scrolls to them',
  async () => {
    for (let sent = 0; sent < HISTORY_ROWS; sent += 10)
      await Promise.all(Array.from({ length: 10 }, () => visit('/history')));
    const page = await openRequests('/requests?path=/history');
    const grid = page.getByRole('grid', { name: 'Requests' });
    await expect
      .poll(
        async () => {
          await grid.evaluate((list) => list.scrollTo({ top: list.scrollHeight }));
          return grid.getAttribute('aria-rowcount');
        },
        { timeout: 10_000 },
      )
      .toBe(String(HISTORY_ROWS + 1));
    await page.getByText(`${HISTORY_ROWS} requests; there are no older ones.`).waitFor();
    // Those in sight and a few beside them: the rest does not exist.
    expect(await page.getByRole('row').count()).toBeLessThan(60);
  },
  SLOW_MS,
);

test(
  'what was asked while the network was away is there once it is back',
  async () => {
    const page = await openRequests();
    await page.context().setOffline(true);
    await page.getByText('Not live').waitFor();
    const path = freshPath();
    await visit(path);
    await page.context().setOffline(false);
    await row(page, path).waitFor();
    stage.expectQuietConsole({ butFor: [/ERR_INTERNET_DISCONNECTED/] });
  },
  SLOW_MS,
);

test(
  'a log that cannot be read says so, and is read again on request',
  async () => {
    const page = await stage.logIn('/settings');
    await page.route('**/api/v1/requests?*', (route) => route.abort());
    await page.getByRole('link', { name: 'Requests' }).click();
    await page.getByRole('alert').getByText('The requests could not be loaded.').waitFor();
    await page.unroute('**/api/v1/requests?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await row(page, 'app.localhost').first().waitFor();
    stage.expectQuietConsole({ butFor: [/ERR_FAILED/] });
  },
  SLOW_MS,
);

test(
  'a log that cannot be read anew leaves the list as it is, and says that it may be old',
  async () => {
    const path = freshPath();
    await visit(path);
    const page = await openRequests();
    await row(page, path).waitFor();
    await page.route('**/api/v1/requests?*', (route) => route.abort());
    await page.context().setOffline(true);
    await page.getByText('Not live').waitFor();
    await page.context().setOffline(false);
    const notice = page.getByRole('status').filter({ hasText: 'The list may be old.' });
    const again = notice.getByRole('button', { name: 'Load again' });
    await again.click();
    await again.and(page.locator(':not([aria-disabled])')).waitFor();
    await row(page, path).waitFor();
    await page.unroute('**/api/v1/requests?*');
    const meanwhile = freshPath();
    await visit(meanwhile);
    await again.click();
    await notice.waitFor({ state: 'hidden' });
    await row(page, path).waitFor();
    await page.mouse.move(0, 0);
    await row(page, meanwhile).waitFor();
    stage.expectQuietConsole({ butFor: NO_CONNECTION });
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

test.each([360, 560, 768, 1024])(
  'at %d px there is room to type a path, and to read what was asked and of which mapping',
  async (width) => {
    const path = freshPath();
    await visit(path);
    const page = await openRequests('/requests', { width, height: 740 });
    expect((await page.getByLabel('Path').boundingBox())?.width).toBeGreaterThan(160);
    for (const text of [path, 'app.localhost'])
      expect(
        await row(page, path)
          .getByText(text, { exact: true })
          .evaluate((cell) => cell.scrollWidth > cell.clientWidth),
      ).toBe(false);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
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

/** Without the times, which tick. */
function pathIn(text: string | null): string | undefined {
  return /\/of-test-\d+\//.exec(text ?? '')?.[0];
}
