// The overview in a browser: from an empty agent to the first request, and what it says when a link breaks.

import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { NO_CONNECTION, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { testWith } from '../../support/programs.ts';
import { get } from '../../support/rig.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

const NAME = 'photos.example.com';

const origin = createServer((asked, response) => {
  response.statusCode = asked.url?.startsWith('/fails') === true ? 503 : 200;
  response.end('from the origin');
});
let originPort: number;

const stage = useDashboard();

beforeAll(async () => {
  originPort = await listen(origin);
});

afterAll(() => close(origin));

/** A link of the chain by its name, once it says that. */
function link(page: Page, name: string, says: string | RegExp) {
  return page
    .getByRole('region', { name: 'The chain' })
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { name, exact: true }) })
    .filter({ hasText: says });
}

function step(page: Page, title: string, isDone: boolean) {
  return page.getByText(`${title}: ${isDone ? 'done' : 'to do'}`);
}

function visit(path = '/'): Promise<{ status: number }> {
  return get(stage.rig.gatewayPort, NAME, path);
}

/** It is back even when what is looked at meanwhile fails: the next test needs it. */
async function withoutGateway(look: () => Promise<void>): Promise<void> {
  await stage.rig.gateway.end('SIGKILL');
  try {
    await look();
  } finally {
    stage.rig.gateway.start();
  }
}

/** Whatever other tests have done: the name is published. */
async function publish(page: Page): Promise<void> {
  await page.request.post('/api/v1/mappings', {
    data: {
      name: NAME,
      externalDomain: NAME,
      internalProtocol: 'http',
      internalHost: '127.0.0.1',
      internalPort: originPort,
    },
  });
  await vi.waitFor(async () => expect((await visit()).status).toBe(200), 10_000);
}

/** The first of all: the agent has nothing yet. */
test('from the first run to the first request the checklist ticks itself, and is gone after that', async () => {
  const page = await stage.logIn('/');
  await page.getByRole('heading', { name: 'Getting started' }).waitFor();
  await step(page, 'Gateway reached', true).waitFor();
  await step(page, 'First mapping', false).waitFor();
  await page.getByText('No request in the last hour.').waitFor();
  await expectNoViolations(page);

  await page.getByRole('link', { name: 'Add a mapping' }).click();
  await page.getByLabel('Public name').fill(NAME);
  await page.getByLabel('Target', { exact: true }).fill(`http://127.0.0.1:${originPort}`);
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await page.getByRole('listitem').filter({ hasText: 'Live' }).filter({ hasText: 'done' }).first().waitFor();
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Overview' }).click();
  await step(page, 'First mapping', true).waitFor();
  await step(page, 'Route live', true).waitFor();
  await step(page, 'First request served', false).waitFor();

  expect((await visit('/album')).status).toBe(200);
  await page.getByRole('heading', { name: 'All set' }).waitFor();
  await page.getByRole('list', { name: 'Last requests' }).getByText('/album').waitFor();
  await page.getByText('1 request in the last hour').waitFor();
  await link(page, 'Origins', '0 %').waitFor();

  await page.reload();
  await link(page, 'Tunnel', 'Online').waitFor();
  await page.getByRole('list', { name: 'Last requests' }).getByText('/album').waitFor();
  expect(await page.getByRole('heading', { name: /All set|Getting started/ }).count()).toBe(0);
});

test('when all is well the chain says so, link by link', async () => {
  const page = await stage.logIn('/');
  await link(page, 'Caddy', 'Not used').waitFor();
  await link(page, 'Gateway', /Reached.*0\.1\.0/s).waitFor();
  await link(page, 'Tunnel', 'Online').waitFor();
  await link(page, 'Agent', 'requests in flight').waitFor();
  const names = await page
    .getByRole('region', { name: 'The chain' })
    .getByRole('heading', { level: 3 })
    .allInnerTexts();
  expect(names).toEqual(['Visitors', 'Caddy', 'Gateway', 'Tunnel', 'Agent', 'Origins']);
});

test('requests appear as they end, and an origin that fails is told with its mapping', async () => {
  const page = await stage.logIn('/');
  await publish(page);
  await link(page, 'Tunnel', 'Online').waitFor();
  for (let n = 0; n < 3; n += 1) await visit(`/fails/${n}`);
  await page.getByRole('list', { name: 'Last requests' }).getByText('/fails/2').waitFor();
  await link(page, 'Origins', /Failing|Some fail/).waitFor();
  await page.getByText(`“${NAME}”: The service answered with the status 503.`).waitFor();
  await page.getByRole('link', { name: 'More about Origins' }).click();
  await page.waitForURL(/\/requests\?mapping=/);
});

test('side by side the numbers of all links are on one line, whatever is said above them', async () => {
  const page = await stage.logIn('/');
  await publish(page);
  await visit('/fails/to-be-told');
  await link(page, 'Origins', /Failing|Some fail/).waitFor();
  const tops = await Promise.all(
    [
      ['Gateway', 'version'],
      ['Agent', /^requests? in flight$/],
      ['Origins', 'errors'],
    ].map(async ([name = '', unit = '']) => {
      const box = await link(page, String(name), /./).getByText(unit, { exact: true }).boundingBox();
      return Math.round(box?.y ?? Number.NaN);
    }),
  );
  expect(new Set(tops).size).toBe(1);
});

test('what is about a mapping is told once its name is known, and never changes while one reads it', async () => {
  const page = await stage.logIn('/settings');
  await publish(page);
  await visit('/fails/in-a-mapping');
  const held: (() => void)[] = [];
  await page.route('**/api/v1/mappings/*', async (route) => {
    await new Promise<void>((resolve) => held.push(resolve));
    await route.continue();
  });
  await page.getByRole('link', { name: 'Overview' }).click();
  await link(page, 'Origins', /Failing|Some fail/).waitFor();
  await vi.waitFor(() => expect(held.length).toBe(1), 10_000);
  const chain = page.getByRole('region', { name: 'The chain' });
  expect(await chain.getByText('The service answered with the status 503.').count()).toBe(0);
  for (const release of held) release();
  await chain.getByText(`“${NAME}”: The service answered with the status 503.`).waitFor();
});

test('what cannot be loaded anew stays, says that it may be old, and is loaded on request', async () => {
  const page = await stage.logIn('/');
  await publish(page);
  await page.getByText(/in the last hour/).waitFor();
  const logs = /\/api\/v1\/requests/;
  await page.route(logs, (route) => route.abort());
  await page.context().setOffline(true);
  await page.getByText('The agent does not answer.').waitFor();
  await page.context().setOffline(false);
  await page.getByText('The last hour may be old.').waitFor();
  await page.getByText('The list of the last requests may be old.').waitFor();
  await page.getByRole('region', { name: 'Latency' }).waitFor();
  expect(
    await page.getByRole('list', { name: 'Last requests' }).getByRole('listitem').count(),
  ).toBeGreaterThan(0);
  await expectNoViolations(page);
  await page.unroute(logs);
  for (const what of ['The last hour', 'The list of the last requests']) {
    const notice = page.getByRole('status').filter({ hasText: `${what} may be old.` });
    await notice.getByRole('button', { name: 'Load again' }).click();
    await notice.waitFor({ state: 'hidden' });
  }
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
});

test('a second browser sees a request within a second', async () => {
  const first = await stage.logIn('/');
  await publish(first);
  const pages = [first, await stage.logIn('/')];
  for (const page of pages) await link(page, 'Tunnel', 'Online').waitFor();
  await visit('/seen-by-both');
  const seen = pages.map((page) => page.getByText('/seen-by-both').waitFor({ timeout: 1_000 }));
  await Promise.all(seen);
});

test('what strangers ask for is shown as text, and breaks nothing on a phone', async () => {
  const page = await stage.logIn('/', { width: 360, height: 740 });
  await publish(page);
  await link(page, 'Tunnel', 'Online').waitFor();
  const attempt = "/<img/src=x/onerror=alert(1)>'";
  await visit(attempt);
  await visit(`/${'long'.repeat(50)}`);
  await page.getByText(attempt).waitFor();
  expect(await page.locator('img[src="x"]').count()).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test.each([1280, 360])('nothing on it is hard to reach at %d px, in either theme', async (width) => {
  const page = await stage.logIn('/', { width });
  await link(page, 'Tunnel', 'Online').waitFor();
  await page.getByRole('region', { name: 'Latency' }).waitFor();
  await expectNoViolations(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('a network that is cut is said, what is shown greys, and all is current again by itself', async () => {
  const page = await stage.logIn('/');
  await publish(page);
  await link(page, 'Tunnel', 'Online').waitFor();
  await page.context().setOffline(true);
  await page.getByText('The agent does not answer.').waitFor();
  await visit('/meanwhile');
  await page.context().setOffline(false);
  await page.getByText('The agent does not answer.').waitFor({ state: 'hidden' });
  await page.getByRole('list', { name: 'Last requests' }).getByText('/meanwhile').waitFor();
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
});

test('while the agent is away nothing is claimed of the time since', async () => {
  const page = await stage.logIn('/settings');
  await publish(page);
  await page.clock.install();
  await page.goto('/');
  const chart = page.getByRole('region', { name: 'Requests per minute' }).getByRole('img');
  const label = () => chart.getAttribute('aria-label');
  await expect.poll(label).toMatch(/in the last hour/);
  const before = await label();
  await visit('/heard');
  await link(page, 'Visitors', 'Arriving').waitFor();
  // The chart hears of it by a way of its own.
  await expect.poll(label).not.toBe(before);
  const said = await label();
  expect(said).toMatch(/in the last hour/);
  await page.context().setOffline(true);
  await page.getByText('The agent does not answer.').waitFor();
  await page.clock.fastForward('02:00:00');
  await page.getByText(/What you see is from [12]\sh ago/).waitFor();
  expect(await link(page, 'Visitors', 'Arriving').count()).toBe(1);
  expect(await label()).toBe(said);
  stage.expectQuietConsole({ butFor: NO_CONNECTION });
});

test('a gateway that is killed is blamed while one looks, and forgiven when it is back', async () => {
  const page = await stage.logIn('/');
  await link(page, 'Tunnel', 'Online').waitFor();
  await withoutGateway(async () => {
    await link(page, 'Gateway', 'Unreachable').waitFor();
    await link(page, 'Tunnel', /Waiting|Dialling/).waitFor();
    await link(page, 'Visitors', 'Turned away').waitFor();
    await page.getByText('The gateway could not be reached.').first().waitFor();
    await page.getByText('Check that the gateway runs, and that OCTOPORTY_GATEWAY_URL').waitFor();
    await expectNoViolations(page);
  });
  await link(page, 'Tunnel', 'Online').waitFor();
  await link(page, 'Gateway', 'Reached').waitFor();
  await page.getByText('The gateway could not be reached.').waitFor({ state: 'hidden' });
});

test('a wrong secret is said in words: which variable, and where', async () => {
  const page = await stage.logIn('/');
  await link(page, 'Tunnel', 'Online').waitFor();
  await withoutGateway(async () => {
    const stranger = stage.rig.gateway.withEnvironment({
      OCTOPORTY_AUTH_SECRET: 'another secret that is long enough for a test',
    });
    stranger.start();
    try {
      await link(page, 'Tunnel', 'Refused').waitFor();
      await link(page, 'Gateway', 'Answers').waitFor();
      await page
        .getByText('The secret was refused: set the same OCTOPORTY_AUTH_SECRET on both sides.')
        .first()
        .waitFor();
    } finally {
      await stranger.end('SIGKILL');
    }
  });
  await page.getByRole('link', { name: 'More about Tunnel' }).click();
  await page.getByRole('button', { name: 'Dial now' }).click();
  await page.getByText('Tunnel online').first().waitFor();
});
