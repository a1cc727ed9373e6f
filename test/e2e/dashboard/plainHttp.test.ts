// The dashboard over plain HTTP under a name of the local network, where browsers keep some of their means to themselves.

import { afterAll, beforeAll, expect } from 'vitest';
import { DASHBOARD_START_MS, openDashboard, PASSWORD, type DashboardStage } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

const test = testWith('chromium');
const NAME = 'nas.example';

let stage: DashboardStage;

beforeAll(async () => {
  stage = await openDashboard({
    hostname: NAME,
    env: { OCTOPORTY_UI_ALLOWED_HOSTS: NAME },
    browserArgs: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
  });
}, DASHBOARD_START_MS);

afterAll(() => stage.stop());

test('logging in works, the page is live, and the browser has nothing to say against it', async () => {
  const page = await stage.newPage();
  await page.goto('/login');
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('Tunnel online').first().waitFor();
  stage.expectQuietConsole();
});
