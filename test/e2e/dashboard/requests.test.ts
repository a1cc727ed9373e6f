// The list of requests in a browser: live, still while one looks, found by filters, with room, read anew after a failure.

import { expect } from 'vitest';
import { NO_CONNECTION, expectNoViolations } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';
import { SLOW_MS, freshPath, newOnes, row, useRequests } from './requestsPage.ts';

const test = testWith('chromium');

/** Pages of history that are read one after the other. */
const HISTORY_ROWS = 450;

const { stage, visit, send, openRequests } = useRequests();

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

/** Without the times, which tick. */
function pathIn(text: string | null): string | undefined {
  return /\/of-test-\d+\//.exec(text ?? '')?.[0];
}
