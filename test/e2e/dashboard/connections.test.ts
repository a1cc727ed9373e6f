// The connections page in a browser: sessions come, end and are said in words while somebody looks.

import { expect } from 'vitest';
import type { Page } from 'playwright-core';
import { NO_CONNECTION, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

const test = testWith('chromium');
/** While the agent is away, Chromium says that nobody answers. */
const REFUSED = /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|hub\/status' failed/;
/** Two cores, and a browser beside two services: steps of a page take their time. */
const SLOW_MS = 60_000;
/** A tunnel that is dialled anew takes a second or two. */
const BACK_MS = 30_000;

const stage = useDashboard({ maps: ['app.localhost=http://127.0.0.1:1'] });

/** The newest session first; the head of the table is no session. */
function session(page: Page, index: number) {
  return page
    .getByRole('table', { name: 'Sessions' })
    .getByRole('row')
    .nth(index + 1);
}

test(
  'a tunnel that was never lost: one session, a whole day of what is known',
  async () => {
    const page = await stage.logIn('/connections');
    await session(page, 0).getByText('Online').waitFor();
    await session(page, 0)
      .getByText(/^Gateway \d/)
      .waitFor();
    await page.getByText('100 % online in the last 30 days').waitFor();
    const days = page.getByRole('list', { name: 'Uptime by day' }).getByRole('button');
    expect(await days.count()).toBe(30);
    expect(await days.first().getAttribute('aria-label')).toMatch(/not known/);
    expect(await days.last().getAttribute('aria-label')).toMatch(/100 % online\.$/);
    await page.getByText('1 session; there are no older ones.').waitFor();
    await expectNoViolations(page);
  },
  SLOW_MS,
);

test(
  'a gateway that is killed ends the session in words, and its return begins another, all while one looks',
  async () => {
    const page = await stage.logIn('/connections');
    await session(page, 0).getByText('Online').waitFor();
    await stage.rig.gateway.end('SIGKILL');
    await session(page, 0).getByText('The connection to the gateway broke.').waitFor();
    await session(page, 0).getByText('Lost').waitFor();
    stage.rig.gateway.start();
    await session(page, 1).getByText('The connection to the gateway broke.').waitFor({ timeout: BACK_MS });
    await session(page, 0).getByText('It carries requests right now.').waitFor();
    await session(page, 0)
      .getByText(/^after .* offline$/)
      .waitFor();
    const today = page.getByRole('list', { name: 'Uptime by day' }).getByRole('button').last();
    expect(await today.getAttribute('aria-label')).toMatch(
      /\d+\.\d+\s% online, offline for \d+\ss; 1 session ended\.$/,
    );
  },
  SLOW_MS,
);

test('a gateway that goes away by itself, an agent that is stopped, and one that is killed are told apart', async () => {
  const { rig } = stage;
  await rig.gateway.end('SIGTERM');
  rig.gateway.start();
  await rig.waitOnline(BACK_MS);
  await rig.agent.end('SIGTERM');
  rig.agent.start();
  await rig.waitOnline(BACK_MS);
  const page = await stage.logIn('/connections');
  await session(page, 1).getByText('The agent was stopped.').waitFor();
  await session(page, 2).getByText('The gateway was shut down or restarted.').waitFor();
  // It was meant so, and no loss.
  await session(page, 2).getByText('Ended', { exact: true }).waitFor();
  await rig.agent.end('SIGKILL');
  rig.agent.start();
  await rig.waitOnline(BACK_MS);
  await session(page, 1).getByText('The agent ended without a word').waitFor({ timeout: BACK_MS });
  await session(page, 1)
    .getByText(/^at most /)
    .waitFor();
  await page.getByText(/^At most .* % online in the last 30 days/).waitFor();
  stage.expectQuietConsole({ butFor: [REFUSED] });
}, 120_000);

test(
  'while the agent is away, nothing is claimed of the time since',
  async () => {
    const page = await stage.logIn('/connections');
    await session(page, 0).getByText('Online').waitFor();
    await stage.rig.agent.end('SIGTERM');
    await page.getByText('The agent does not answer.').waitFor();
    const lasted = session(page, 0).getByRole('cell').nth(2);
    const said = await lasted.textContent();
    // The page's clock goes on: the banner says for how long.
    await page.getByText(/What you see is from ([4-9]|\d\d)\ss ago/).waitFor();
    expect(await lasted.textContent()).toBe(said);
    stage.rig.agent.start();
    await session(page, 1).getByText('The agent was stopped.').waitFor({ timeout: BACK_MS });
    stage.expectQuietConsole({ butFor: [REFUSED] });
  },
  SLOW_MS,
);

test(
  'the days are read one by one with the keyboard, and said under the pointer',
  async () => {
    const page = await stage.logIn('/connections');
    const days = page.getByRole('list', { name: 'Uptime by day' }).getByRole('button');
    // Today's words change while it goes on.
    const saysToday = async () => {
      const said = (await days.last().getAttribute('aria-label')) ?? '';
      return (await page.getByText(said, { exact: true }).count()) > 0;
    };
    await days.last().focus();
    await expect.poll(saysToday).toBe(true);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Home');
    expect(await days.first().evaluate((day) => day === document.activeElement)).toBe(true);
    await page.getByText(/: not known\.$/).waitFor();
    await days.last().hover();
    await expect.poll(saysToday).toBe(true);
  },
  SLOW_MS,
);

test(
  'on a phone nothing is wider than the screen, and nothing violates accessibility',
  async () => {
    const page = await stage.logIn('/connections', { width: 360, height: 740 });
    await session(page, 0).getByText('Online').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await expectNoViolations(page);
  },
  SLOW_MS,
);

test.each([360, 768, 1024, 1280])(
  'at %d px why a session ended is read in lines, not letter by letter',
  async (width) => {
    const page = await stage.logIn('/connections', { width });
    const says = session(page, 0).getByText('It carries requests right now.');
    await says.waitFor();
    expect((await says.boundingBox())?.width).toBeGreaterThan(150);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  },
  SLOW_MS,
);

test(
  'a log that cannot be read says so, and is read again on request',
  async () => {
    const page = await stage.logIn('/settings');
    await page.route('**/api/v1/connections?*', (route) => route.abort());
    await page.getByRole('link', { name: 'Connections' }).click();
    await page.getByRole('alert').getByText('The connections could not be loaded.').waitFor();
    await expectNoViolations(page);
    await page.unroute('**/api/v1/connections?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await session(page, 0).getByText('Online').waitFor();
    stage.expectQuietConsole({ butFor: [/ERR_FAILED/] });
  },
  SLOW_MS,
);

test(
  'a log that cannot be read anew stays as it was, and says that it may be old',
  async () => {
    const page = await stage.logIn('/connections');
    await session(page, 0).getByText('Online').waitFor();
    await page.route('**/api/v1/connections?*', (route) => route.abort());
    await page.context().setOffline(true);
    await page.getByText('The agent does not answer.').waitFor();
    await page.context().setOffline(false);
    const notice = page.getByRole('status').filter({ hasText: 'The list may be old.' });
    await notice.waitFor();
    await session(page, 0).getByText('Online').waitFor();
    await expectNoViolations(page);
    await page.unroute('**/api/v1/connections?*');
    await notice.getByRole('button', { name: 'Load again' }).click();
    await notice.waitFor({ state: 'hidden' });
    stage.expectQuietConsole({ butFor: NO_CONNECTION });
  },
  SLOW_MS,
);

test(
  'older sessions are shown on request, some at a time',
  async () => {
    const page = await stage.logIn('/settings');
    await page.route('**/api/v1/connections?*', (route) =>
      route.fulfill({ json: { items: pageOfSessions(new URL(route.request().url()).searchParams) } }),
    );
    await page.getByRole('link', { name: 'Connections' }).click();
    await page.getByText('The newest 50.').waitFor();
    const rows = page.getByRole('table', { name: 'Sessions' }).getByRole('row');
    for (const shown of [100, 150, 200]) {
      await page.getByRole('button', { name: 'Show older ones' }).click();
      await expect.poll(() => rows.count()).toBe(shown + 1);
    }
  },
  SLOW_MS,
);

test(
  'without any session the page says what it waits for',
  async () => {
    const page = await stage.logIn('/settings');
    await page.route('**/api/v1/connections?*', (route) => route.fulfill({ json: { items: [] } }));
    await page.getByRole('link', { name: 'Connections' }).click();
    await page.getByRole('heading', { name: 'No tunnel yet' }).waitFor();
    await expectNoViolations(page);
  },
  SLOW_MS,
);

/** An hour each, without an end: a page is as long as it is asked to be. */
function pageOfSessions(query: URLSearchParams) {
  const before = Number(query.get('before')?.slice(-12) ?? 100_000);
  return Array.from({ length: Number(query.get('limit')) }, (_, index) => {
    const number = before - index - 1;
    const fromMs = Date.now() - (100_000 - number) * 3_600_000;
    return {
      id: `0198c0de-0000-7000-8000-${String(number).padStart(12, '0')}`,
      connectedAt: new Date(fromMs).toISOString(),
      disconnectedAt: new Date(fromMs + 3_000_000).toISOString(),
      disconnectReason: 'wire_closed',
      gatewayVersion: '0.1.0',
      agentVersion: '0.1.0',
    };
  });
}
