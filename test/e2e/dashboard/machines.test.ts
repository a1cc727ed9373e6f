// The machines in a browser: every chart drawn and said, the gateway killed while one looks, requests under way.

import { createServer, type ServerResponse } from 'node:http';
import { afterAll, expect, vi } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { testWith } from '../../support/programs.ts';
import { get } from '../../support/rig.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

/** Answers that wait until the test lets them go. */
const waiting: ServerResponse[] = [];
const origin = createServer((_request, response) => void waiting.push(response));

const stage = useDashboard(async () => ({
  maps: [`app.localhost=http://127.0.0.1:${await listen(origin)}`],
}));

afterAll(() => close(origin));

function drawing(page: Page, machine: string, state: string | RegExp) {
  const says = typeof state === 'string' ? state.replaceAll('.', String.raw`\.`) : state.source;
  return page.getByRole('img', { name: new RegExp(`statechart ${machine}\\. .*in the state ${says}\\.`) });
}

function choose(page: Page, name: string | RegExp) {
  return page.getByRole('navigation', { name: 'Machines' }).getByRole('button', { name }).click();
}

function isCut(frame: Locator): Promise<{ below: boolean; beside: boolean }> {
  return frame.evaluate((element) => ({
    below: element.scrollHeight > element.clientHeight,
    beside: element.scrollWidth > element.clientWidth,
  }));
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

test('the connection is drawn with its current state, and said in words as well', async () => {
  const page = await stage.logIn('/machines');
  await drawing(page, 'connection', 'online.lively').waitFor();
  await page.getByText('The chart as text').click();
  const states = page.getByRole('list', { name: 'States of connection' });
  await states.getByRole('heading', { name: /^online\.lively.*current/ }).waitFor();
  await states.getByRole('listitem').filter({ hasText: 'attempt.silent if isCurrent' }).first().waitFor();
  await page.getByRole('list', { name: 'Last transitions' }).getByText('attempt.online').waitFor();
  await page.getByRole('group', { name: 'Context' }).getByText('"agentId"').waitFor();
});

test('every machine of both sides can be chosen, and its address can be shared', async () => {
  const page = await stage.logIn('/machines');
  await drawing(page, 'connection', 'online.lively').waitFor();
  for (const [name, machine] of [
    [/^auth/, 'auth'],
    [/^journal/, 'journalWriter'],
    [/^database/, 'database'],
    [/^session\.\d+/, 'session'],
  ] as const) {
    await choose(page, name);
    await drawing(page, machine, /.*/).waitFor();
  }
  await page.getByText('The gateway keeps to itself what its machines remember.').waitFor();
  const beside = await stage.openBeside(page, new URL(page.url()).pathname + new URL(page.url()).search);
  await drawing(beside, 'session', /online\..*/).waitFor();
});

test('a machine that is no more is stood in for by the connection', async () => {
  const page = await stage.logIn('/machines?machine=agent:nothing/at/all');
  await drawing(page, 'connection', 'online.lively').waitFor();
});

test.each([1280, 360])('nothing on it is hard to reach at %d px, in either theme', async (width) => {
  const page = await stage.logIn('/machines', { width });
  await drawing(page, 'connection', 'online.lively').waitFor();
  await page.getByText('The chart as text').click();
  await expectNoViolations(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('a drawing is never cut at its lower edge, its letters can be read, and one that is wider says so', async () => {
  const page = await stage.logIn('/machines');
  const frame = page.getByRole('group', { name: 'Drawing of the statechart connection' });
  const hint = page.getByText('The drawing is wider than this page');
  await drawing(page, 'connection', 'online.lively').waitFor();
  expect(await isCut(frame)).toEqual({ below: false, beside: false });
  expect(await hint.count()).toBe(0);
  await page.setViewportSize({ width: 360, height: 740 });
  await hint.waitFor();
  expect(await isCut(frame)).toEqual({ below: false, beside: true });
  // Where the machine is now is in sight.
  await page.reload();
  await drawing(page, 'connection', 'online.lively').waitFor();
  const lively = frame.getByText('lively', { exact: true });
  await vi.waitFor(async () => {
    const box = await lively.boundingBox();
    expect(box?.x).toBeGreaterThan(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan(360);
  }, 10_000);
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 740 });
    const letters = await frame.getByRole('img').evaluate((svg) => {
      const drawn = svg instanceof SVGSVGElement ? svg.viewBox.baseVal.width : 0;
      return (svg.getBoundingClientRect().width / drawn) * Number.parseFloat(getComputedStyle(svg).fontSize);
    });
    expect(letters).toBeGreaterThanOrEqual(11);
  }
});

test('what cannot be loaded anew stays, and says that it may be old', async () => {
  const page = await stage.logIn('/machines');
  await page.getByText('No request is under way.').waitFor();
  await page.route('**/api/v1/relays', (route) => route.abort());
  const asked = get(stage.rig.gatewayPort, 'app.localhost', '/unseen', 30_000);
  const notice = page.getByRole('status').filter({ hasText: 'The list may be old.' });
  await notice.waitFor();
  await page.getByText('No request is under way.').waitFor();
  await page.unroute('**/api/v1/relays');
  await notice.getByRole('button', { name: 'Load again' }).click();
  await page.getByRole('row').filter({ hasText: 'GET /unseen' }).waitFor();
  await notice.waitFor({ state: 'hidden' });
  for (const response of waiting.splice(0)) response.end('at last');
  expect((await asked).status).toBe(200);
  stage.expectQuietConsole({ butFor: [/ERR_FAILED/] });
});

test('on a phone a machine is chosen from a list', async () => {
  const page = await stage.logIn('/machines', { width: 360, height: 740 });
  await drawing(page, 'connection', 'online.lively').waitFor();
  await page.getByLabel('Machine', { exact: true }).selectOption('agent:database');
  await drawing(page, 'database', /open\..*/).waitFor();
});

test('requests under way are listed with their state and age, until they end', async () => {
  const page = await stage.logIn('/machines');
  await page.getByText('No request is under way.').waitFor();
  const path = `/<b>slow</b>${'x'.repeat(200)}`;
  const asked = get(stage.rig.gatewayPort, 'app.localhost', `${path}?token=secret`, 30_000);
  const row = page.getByRole('row').filter({ hasText: 'GET /<b>slow</b>' });
  await row.filter({ hasText: 'Awaiting' }).waitFor();
  await row.filter({ hasText: /[1-9]\ss/ }).waitFor();
  expect(await page.getByText('secret').count()).toBe(0);
  for (const response of waiting.splice(0)) response.end('at last');
  expect((await asked).status).toBe(200);
  await page.getByText('No request is under way.').waitFor();
});

test('a gateway that is killed while one looks: waiting, how often, until when and why; then back by itself', async () => {
  const page = await stage.logIn('/machines');
  await drawing(page, 'connection', 'online.lively').waitFor();
  const tunnel = page.getByRole('region', { name: /^The tunnel/ });
  await withoutGateway(async () => {
    await tunnel.getByText('The gateway could not be reached.').waitFor();
    await drawing(page, 'connection', 'waiting').waitFor();
    await page.getByText('The gateway tells of its own while there is a tunnel.').waitFor();

    const attempts = tunnel.getByRole('definition').first();
    const before = Number(await attempts.innerText());
    await vi.waitFor(async () => expect(Number(await attempts.innerText())).toBeGreaterThan(before), 10_000);
    const timer = tunnel.getByRole('timer');
    const left = new Set<string>();
    await vi.waitFor(
      async () => {
        left.add(await timer.innerText());
        expect([...left].filter((text) => /^in \d+\.\d\ss$/.test(text)).length).toBeGreaterThan(3);
      },
      { timeout: 15_000, interval: 50 },
    );
    await page
      .getByRole('list', { name: 'Last transitions' })
      .getByRole('listitem')
      .filter({ hasText: /attempt\.ended.*trying\.dialing.*waiting/s })
      .first()
      .waitFor();
    await expectNoViolations(page);
  });
  await drawing(page, 'connection', 'online.lively').waitFor();
  await tunnel.waitFor({ state: 'hidden' });
});
