// A save of a mapping in a browser: how far it came and why no further, what is typed meanwhile, and where the focus is.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { expectNoViolations } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';
import { freePort, get, SECRET, Service } from '../../support/rig.ts';
import { hasFocus, live, newName, open, publicName, save, step, target, useMappings } from './mappingPage.ts';

// A browser on a machine that does much else besides: each wait has its own limit.
vi.setConfig({ testTimeout: 60_000 });

const test = testWith('chromium');

const { stage, origin, create } = useMappings();

test('what is typed while a save is under way is there after it, and is saved by the next', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page);
  await open(page, mapping);
  let answer = (): void => {};
  await page.route(`**/api/v1/mappings/${mapping.id}`, async (route) => {
    if (route.request().method() === 'PATCH') await new Promise<void>((resolve) => (answer = resolve));
    await route.continue();
  });
  const name = page.getByLabel('Name', { exact: true });
  await name.fill('First');
  await Promise.all([page.waitForRequest((request) => request.method() === 'PATCH'), save(page).click()]);
  await name.fill('Second');
  answer();
  await page.getByRole('heading', { level: 1, name: 'First' }).waitFor();
  expect(await name.inputValue()).toBe('Second');
  await page.unroute(`**/api/v1/mappings/${mapping.id}`);
  await save(page).click();
  await page.getByRole('heading', { level: 1, name: 'Second' }).waitFor();
});

test('whoever uses the keyboard goes on at the journey of what was created, and at the button of a save', async () => {
  const page = await stage.logIn('/mappings/new');
  await publicName(page).fill(newName());
  await target(page).fill(`localhost:${origin.port}`);
  await page.getByRole('button', { name: 'Create mapping' }).focus();
  await page.keyboard.press('Enter');
  await live(page);
  await hasFocus(page.getByLabel('What became of the save'));

  await page.getByLabel('Name', { exact: true }).fill('Renamed');
  await save(page).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Renamed' }).waitFor();
  await hasFocus(save(page));
});

test('a button that is under way keeps the focus, and does nothing again', async () => {
  const page = await stage.logIn('/');
  const mapping = await create(page);
  await open(page, mapping);
  let saves = 0;
  let answer = (): void => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1/mappings/*', async (route) => {
    if (route.request().method() === 'PATCH') {
      saves += 1;
      await held;
    }
    await route.continue();
  });
  await page.getByLabel('Name', { exact: true }).fill('Renamed');
  await save(page).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => saves).toBe(1);
  await expect.poll(() => save(page).getAttribute('aria-busy')).toBe('true');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  await hasFocus(save(page));
  answer();
  await page.getByRole('heading', { level: 1, name: 'Renamed' }).waitFor();
  await hasFocus(save(page));
  expect(saves).toBe(1);
});

test('a save without a gateway stops where it is, says why, and goes on by itself', async () => {
  const page = await stage.logIn('/');
  await open(page, await create(page));
  await stage.rig.gateway.end('SIGTERM');
  await page.getByText('Tunnel waiting').first().waitFor();
  await target(page).fill('http://127.0.0.1:1111');
  await save(page).click();
  await step(page, 'Sent to the gateway', 'There is no tunnel').waitFor();
  await expectNoViolations(page);
  stage.rig.gateway.start();
  await live(page);
});

test('a save that the gateway refuses stops there with its reason', async () => {
  const page = await stage.logIn('/');
  const taken = newName();
  await stage.rig.waitOnline();
  const other = await startOtherAgent(`${taken}=http://127.0.0.1:${origin.port}`);
  try {
    await expect
      .poll(async () => (await get(stage.rig.gatewayPort, taken)).body, { timeout: 30_000 })
      .toBe('from the origin');
    await open(page, await create(page));
    await publicName(page).fill(taken);
    await save(page).click();
    await step(page, 'Accepted by the gateway', 'failed').getByText('Another agent').waitFor();
    await step(page, 'Live', 'waiting').waitFor();
    await page.getByText('Refused').first().waitFor();
    await expectNoViolations(page);
    // Once the name is free it goes on by itself.
    await other.stop();
    await live(page);
  } finally {
    await other.stop();
  }
});

test('on a phone the journey of a save is seen without scrolling for it', async () => {
  const page = await stage.logIn('/mappings/new', { width: 360, height: 640 });
  await publicName(page).fill(newName());
  await target(page).fill(`localhost:${origin.port}`);
  await page.getByRole('button', { name: 'Create mapping' }).click();
  await live(page);
  const isSeen = () =>
    step(page, 'Live', 'done').evaluate((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    });
  await expect.poll(isSeen).toBe(true);
  await page.getByLabel('Name', { exact: true }).fill('Seen again');
  await page.keyboard.press('Enter');
  await live(page);
  await expect.poll(isSeen).toBe(true);
});

/** Beside the stage's own, with one mapping. */
async function startOtherAgent(map: string): Promise<{ stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'octoporty-other-'));
  const other = new Service('other agent', ['agent', '--map', map], {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${stage.rig.gatewayPort}/tunnel`,
    OCTOPORTY_UI_PASSWORD: 'a password for tests',
    OCTOPORTY_UI_PORT: String(await freePort()),
    OCTOPORTY_DATA_DIR: folder,
  });
  other.start();
  return {
    async stop() {
      await other.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
