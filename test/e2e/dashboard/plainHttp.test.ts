// The dashboard over plain HTTP under a name of the local network, where browsers keep some of their means to themselves.

import { expect } from 'vitest';
import { PASSWORD, useDashboard } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

const test = testWith('chromium');
const NAME = 'nas.example';

const stage = useDashboard({
  hostname: NAME,
  env: { OCTOPORTY_UI_ALLOWED_HOSTS: NAME },
  browserArgs: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
});

test('logging in works, the page is live, and the browser has nothing to say against it', async () => {
  const page = await stage.newPage();
  await page.goto('/login');
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('Tunnel online').first().waitFor();
  stage.expectQuietConsole();
});
