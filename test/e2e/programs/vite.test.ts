// A Vite dev server behind a tunnel: what a developer edits shows in the visitor's browser without a reload.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { createServer, type ViteDevServer } from 'vite';
import { startBrowser } from '../../support/browser.ts';
import { testWith } from '../../support/programs.ts';
import { freePort, startRig, type Rig } from '../../support/rig.ts';

const NAME = 'vite.localhost';
const test = testWith('chromium');

const PAGE = `<!doctype html><p id="greeting"></p><p id="loads"></p><script type="module" src="/main.js"></script>`;

/** Counts its loads in the tab's own memory, so that a reload cannot pass for a hot update. */
const MAIN = `
  import './style.css';
  import { greeting } from './greeting.js';
  const show = (text) => (document.querySelector('#greeting').textContent = text);
  const loads = Number(sessionStorage.getItem('loads')) + 1;
  sessionStorage.setItem('loads', loads);
  document.querySelector('#loads').textContent = loads;
  show(greeting);
  import.meta.hot.accept('./greeting.js', (module) => show(module.greeting));
`;

let project: string;
let vite: ViteDevServer;
let rig: Rig;
let browser: Browser;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'octoporty-vite-'));
  edit('index.html', PAGE);
  edit('main.js', MAIN);
  edit('greeting.js', `export const greeting = 'good morning';`);
  edit('style.css', '#greeting { color: rgb(1, 2, 3); }');
  const port = await freePort();
  vite = await createServer({
    root: project,
    configFile: false,
    logLevel: 'silent',
    server: { host: '127.0.0.1', port, strictPort: true },
  });
  await vite.listen();
  [rig, browser] = await Promise.all([
    startRig({ maps: [`${NAME}=http://127.0.0.1:${port}`] }),
    startBrowser(),
  ]);
});

afterAll(async () => {
  await browser.close();
  await vite.close();
  await rig.stop();
  rmSync(project, { recursive: true, force: true });
});

test('an edited module and an edited style reach the open page over the tunnel, without a reload', async () => {
  const page = await browser.newPage();
  const hotChannels: string[] = [];
  page.on('websocket', (socket) => hotChannels.push(new URL(socket.url()).host));
  // What is edited earlier is no news to a page whose channel is not open yet.
  const isConnected = page.waitForEvent('console', (message) => message.text() === '[vite] connected.');
  await page.goto(`http://${NAME}:${rig.gatewayPort}/`);
  await page.locator('#greeting', { hasText: 'good morning' }).waitFor();
  await isConnected;

  edit('greeting.js', `export const greeting = 'good evening';`);
  await page.locator('#greeting', { hasText: 'good evening' }).waitFor();

  edit('style.css', '#greeting { color: rgb(4, 5, 6); }');
  const color = () => page.evaluate(`getComputedStyle(document.querySelector('#greeting')).color`);
  await expect.poll(color).toBe('rgb(4, 5, 6)');

  expect(await page.locator('#loads').textContent()).toBe('1');
  // Where its first way is closed, Vite's page goes to the dev server's own port: here that would hide a failure.
  expect(hotChannels).toEqual([`${NAME}:${rig.gatewayPort}`]);
  await page.close();
});

function edit(name: string, text: string): void {
  writeFileSync(join(project, name), text);
}
