// Pictures of every page in both themes, on a phone and on a desk, from a demo that is made anew: for people to look at.
// npm run screenshots [-- FOLDER [PAGE…]]; without a folder they are in `out` beside this file. Needs Chromium and Linux.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startDemo, type Demo } from './demo.ts';

const SIZES = [
  { width: 1280, height: 800 },
  { width: 360, height: 740 },
];
const THEMES = ['light', 'dark'] as const;

/** Raised: a page that grows with its window for ever keeps us busy. */
const MAX_FITTINGS = 10;

interface Scene {
  readonly name: string;
  readonly path: (demo: Demo) => string;
  /** What is there when there is something to see, or how to get there. */
  readonly ready: (page: Page) => Promise<unknown>;
  readonly isBeforeLogin?: true;
}

const SCENES: readonly Scene[] = [
  {
    name: 'login',
    path: () => '/login',
    ready: (page) => page.getByRole('button', { name: 'Log in' }).waitFor(),
    isBeforeLogin: true,
  },
  {
    name: 'overview',
    path: () => '/',
    async ready(page) {
      await page.getByText('/pages/recipes').first().waitFor();
      await page.getByText('requests in the last hour').waitFor();
      await page.getByText('“Wiki”').waitFor();
    },
  },
  {
    name: 'mappings',
    path: () => '/mappings',
    ready: (page) => page.getByText('Passwords').first().waitFor(),
  },
  {
    name: 'mapping',
    path: ({ mappingId }) => `/mappings/${mappingId}`,
    async ready(page) {
      await page.getByRole('button', { name: 'Test target' }).click();
      await page.getByText('answers with status').waitFor();
    },
  },
  {
    name: 'mapping-new',
    path: () => '/mappings/new',
    ready: (page) => page.getByRole('heading', { level: 1 }).waitFor(),
  },
  {
    name: 'requests',
    path: () => '/requests',
    ready: (page) => page.getByText('/pages/recipes').first().waitFor(),
  },
  {
    name: 'request',
    path: () => '/requests',
    async ready(page) {
      await page.getByText('/pages/recipes').first().click();
      await page.getByRole('region', { name: 'Timing' }).waitFor();
    },
  },
  {
    name: 'machines',
    path: () => '/machines',
    ready: (page) => page.getByLabel(/^Drawing of the statechart/).waitFor(),
  },
  {
    name: 'connections',
    path: () => '/connections',
    ready: (page) => page.getByText('It carries requests right now.').waitFor(),
  },
  {
    name: 'settings',
    path: () => '/settings',
    ready: (page) => page.getByText('SQLite').waitFor(),
  },
  {
    name: 'settings-import',
    path: () => '/settings',
    async ready(page) {
      await page.getByText('SQLite').waitFor();
      await page.getByLabel('Choose a file of mappings').setInputFiles(IMPORTED);
      await page.getByLabel('Delete mappings that are not in the file').check();
      await page.getByRole('region', { name: 'To delete' }).waitFor();
    },
  },
];

const IMPORTED = {
  name: 'octoporty-mappings-2026-01-31.json',
  mimeType: 'application/json',
  buffer: Buffer.from(
    JSON.stringify({
      mappings: [
        {
          name: 'Photos and films',
          externalDomain: 'photos.example.com',
          internalHost: '127.0.20.31',
          internalPort: 2342,
          internalProtocol: 'http',
        },
        {
          name: 'Passwords',
          externalDomain: 'vault.example.com',
          internalHost: '127.0.20.13',
          internalPort: 8080,
          internalProtocol: 'http',
        },
        {
          name: 'Calendar',
          externalDomain: 'calendar.example.com',
          internalHost: '127.0.20.16',
          internalPort: 5232,
          internalProtocol: 'http',
        },
      ],
    }),
  ),
};

const [folder = fileURLToPath(new URL('out', import.meta.url)), ...wanted] = process.argv.slice(2);
const scenes = SCENES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
mkdirSync(folder, { recursive: true });
const demo = await startDemo();
try {
  for (const scene of scenes) {
    for (const size of SIZES) {
      for (const colorScheme of THEMES) await shoot(scene, { ...size, colorScheme });
    }
  }
} finally {
  await demo.stop();
}
console.log(`The pictures are in ${folder}.`);

async function shoot(
  { name, path, ready, isBeforeLogin }: Scene,
  options: (typeof SIZES)[number] & { colorScheme: (typeof THEMES)[number] },
): Promise<void> {
  const { stage } = demo;
  const page = isBeforeLogin ? await stage.newPage(options) : await stage.logIn(path(demo), options);
  if (isBeforeLogin) await page.goto(path(demo));
  else await page.getByText('Tunnel online').first().waitFor();
  await ready(page);
  await fitWindow(page, options);
  await page.screenshot({
    path: join(folder, `${name}-${options.width}-${options.colorScheme}.png`),
    animations: 'disabled',
  });
  await page.context().close();
}

/** As high as the page, so that nothing is scrolled: what keeps to the window's edges would stand in the middle of it. */
async function fitWindow(page: Page, { width, height }: (typeof SIZES)[number]): Promise<void> {
  let [now, wanted] = [0, height];
  // Parts of a page grow with the window.
  for (let turn = 0; turn < MAX_FITTINGS && wanted !== now; turn += 1) {
    now = wanted;
    await page.setViewportSize({ width, height: now });
    wanted = await page.evaluate<number>('document.documentElement.scrollHeight');
  }
}
