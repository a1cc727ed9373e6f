// The dashboard in a real browser: the services behind it, pages that are logged in, and what a page must never do.

import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, ConsoleMessage, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { buildDashboard } from '../../services/buildDashboard.mjs';
import { startBrowser } from './browser.ts';
import { startRig, type Rig, type RigOptions } from './rig.ts';

/** The build may have to be made first, and others may build at the same time. */
const DASHBOARD_START_MS = 120_000;

export const USERNAME = 'admin';
/** As the rig sets it. */
export const PASSWORD = 'a password for tests';

export interface PageOptions {
  /** Pixels; 1280 × 800 unless told otherwise. */
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

export interface DashboardStage {
  readonly rig: Rig;
  readonly browser: Browser;
  /** Without a slash at the end. */
  readonly url: string;
  /** A page of a browser of its own, not logged in and not opened yet. */
  newPage(options?: PageOptions): Promise<Page>;
  /** A page of a browser of its own that is logged in, at that path. */
  logIn(path?: string, options?: PageOptions): Promise<Page>;
  /** Another tab beside a page: same browser, same login. */
  openBeside(page: Page, path: string): Promise<Page>;
  /**
   * No page has said an error or a warning since the last look. `butFor` are those that belong to the test: Chromium
   * says an error for each answer from 400 on ("the server responded with a status of 409").
   */
  expectQuietConsole(options?: { readonly butFor?: readonly RegExp[] }): void;
  stop(): Promise<void>;
}

export interface StageOptions extends Partial<RigOptions> {
  /** For Chromium's command line. */
  readonly browserArgs?: readonly string[];
  /** Where the browser finds the agent; its own address unless told otherwise. */
  readonly hostname?: string;
}

/**
 * A stage for all tests of a file, who have it from their first hook on. After each test its pages are closed, since an
 * open one goes on drawing at the cost of the next, and none may have said an error or a warning.
 *
 * @param options a function where they are known only in the first hook, such as an origin's port.
 */
export function useDashboard(
  options: StageOptions | (() => Promise<StageOptions>) = {},
): Omit<DashboardStage, 'stop'> {
  let opened: DashboardStage | undefined;
  const stage = () => {
    if (opened === undefined) throw new Error('the dashboard is open from the first hook on');
    return opened;
  };
  beforeAll(async () => {
    opened = await openDashboard(typeof options === 'function' ? await options() : options);
  }, DASHBOARD_START_MS);
  afterEach(async () => {
    for (const context of stage().browser.contexts()) await context.close();
    stage().expectQuietConsole();
  });
  afterAll(() => opened?.stop());
  return {
    get rig() {
      return stage().rig;
    },
    get browser() {
      return stage().browser;
    },
    get url() {
      return stage().url;
    },
    newPage: (page) => stage().newPage(page),
    logIn: (path, page) => stage().logIn(path, page),
    openBeside: (page, path) => stage().openBeside(page, path),
    expectQuietConsole: (known) => stage().expectQuietConsole(known),
  };
}

/** What Chromium says of each answer from 400 on. */
export function answered(status: number): RegExp {
  return new RegExp(`responded with a status of ${status}`);
}

/** What Chromium says of connections that fail. */
export const NO_CONNECTION = [/net::ERR_/, /WebSocket connection to/];

/** Builds what is stale, and starts gateway, agent and Chromium; waits until the tunnel is online. */
export async function openDashboard({
  browserArgs = [],
  hostname = '127.0.0.1',
  ...options
}: StageOptions = {}): Promise<DashboardStage> {
  await buildDashboard(fileURLToPath(new URL('../..', import.meta.url)));
  const rig = await startRig({ maps: [], ...options });
  const browser = await startBrowser(browserArgs);
  const url = `http://${hostname}:${rig.uiPort}`;
  const complaints: string[] = [];

  function listenTo(page: Page): void {
    page.on('console', (message) => {
      if (isComplaint(message)) complaints.push(`${message.type()}: ${message.text()} (${page.url()})`);
    });
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
  }

  async function openContext(
    { width = 1280, height = 800, colorScheme = 'light' }: PageOptions,
    localStorage: { name: string; value: string }[] = [],
  ) {
    const context = await browser.newContext({
      storageState: { cookies: [], origins: [{ origin: url, localStorage }] },
      baseURL: url,
      viewport: { width, height },
      colorScheme,
      // A wait is for a condition: nothing moves in between.
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.on('page', listenTo);
    return context;
  }

  return {
    rig,
    browser,
    url,
    async newPage(pageOptions = {}) {
      return (await openContext(pageOptions)).newPage();
    },
    async logIn(path = '/', pageOptions = {}) {
      // The page remembers that there was a login: else it would ask for one.
      const context = await openContext(pageOptions, [{ name: 'octoporty.login', value: 'yes' }]);
      await logInto(context);
      return openAt(await context.newPage(), path);
    },
    async openBeside(page, path) {
      return openAt(await page.context().newPage(), path);
    },
    expectQuietConsole({ butFor = [] } = {}) {
      const heard = complaints.splice(0);
      expect(heard.filter((text) => !butFor.some((known) => known.test(text)))).toEqual([]);
    },
    async stop() {
      await browser.close();
      await rig.stop();
    },
  };
}

/** axe finds nothing on the page as it is now, in either theme. */
export async function expectNoViolations(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        (node) => `${colorScheme}: ${id} (${help}) at ${node.target.join(' ')}: ${node.failureSummary ?? ''}`,
      ),
    );
    expect(found).toEqual([]);
  }
}

/** By the API, which sets the cookie. */
async function logInto(context: BrowserContext): Promise<void> {
  const answer = await context.request.post('/api/v1/auth/login', {
    data: { username: USERNAME, password: PASSWORD },
  });
  if (!answer.ok()) throw new Error(`no login: ${answer.status()}`);
}

async function openAt(page: Page, path: string): Promise<Page> {
  await page.goto(path);
  await page.getByRole('navigation', { name: 'Pages' }).first().waitFor({ state: 'attached' });
  return page;
}

function isComplaint(message: ConsoleMessage): boolean {
  return message.type() === 'error' || message.type() === 'warning';
}
