// Logging in with a browser: the way in, the way back, and what is said when it is locked.

import { expect } from 'vitest';
import type { Page } from 'playwright-core';
import { PASSWORD, USERNAME, answered, expectNoViolations, useDashboard } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

const test = testWith('chromium');
const stage = useDashboard();

async function logIn(page: Page, password: string): Promise<void> {
  await page.getByLabel('User name').fill(USERNAME);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('who is not logged in comes to the login, and from there to where they wanted to go', async () => {
  const page = await stage.newPage();
  await page.goto('/requests?status=5xx');
  await page.waitForURL(/\/login\?next=/);
  await logIn(page, PASSWORD);
  await page.waitForURL('**/requests?status=5xx');
  await page.getByText('Tunnel online').first().waitFor();
});

test('a password manager finds its fields, and the keyboard alone is enough', async () => {
  const page = await stage.newPage();
  await page.goto('/login');
  await page.getByLabel('User name').waitFor();
  expect(await page.getByLabel('User name').getAttribute('autocomplete')).toBe('username');
  expect(await page.getByLabel('Password').getAttribute('autocomplete')).toBe('current-password');
  await page.getByLabel('User name').fill(USERNAME);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

test('a wrong password is said, the field is empty and has the focus', async () => {
  const page = await stage.newPage();
  await page.goto('/login');
  await logIn(page, 'wrong');
  await page.getByRole('alert').getByText('The user name or the password is wrong.').waitFor();
  expect(await page.getByLabel('Password').inputValue()).toBe('');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  stage.expectQuietConsole({ butFor: [answered(401)] });
});

test('the way on leads nowhere but into the dashboard', async () => {
  const page = await stage.newPage();
  await page.goto('/login?next=//example.com/');
  await logIn(page, PASSWORD);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect(new URL(page.url()).origin).toBe(stage.url);
});

test('whoever is logged in already is led on from the login', async () => {
  const page = await stage.logIn('/mappings');
  const beside = await page.context().newPage();
  await beside.goto('/login?next=/machines');
  await beside.getByRole('heading', { name: 'Machines' }).waitFor();
});

test('a login that ends elsewhere brings this page to the login, and back to where it was', async () => {
  const page = await stage.logIn('/mappings');
  await page.getByText('Tunnel online').first().waitFor();
  await page.context().request.post('/api/v1/auth/logout', { headers: { origin: stage.url } });
  await page.waitForURL('**/login?next=/mappings');
  await logIn(page, PASSWORD);
  await page.getByRole('heading', { name: 'Mappings' }).waitFor();
  stage.expectQuietConsole({ butFor: [answered(401)] });
});

test('logging out ends the login on the agent too', async () => {
  const page = await stage.logIn('/');
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in to Octoporty' }).waitFor();
  expect((await page.context().request.get('/api/v1/status')).status()).toBe(401);
});

test('the login has no violation of accessibility, in either theme, on a phone as well', async () => {
  const page = await stage.newPage({ width: 360, height: 740 });
  await page.goto('/login');
  await page.getByLabel('User name').waitFor();
  await expectNoViolations(page);
});

test('where the browser stores nothing the login comes, and the agent is asked once who is there', async () => {
  const page = await stage.newPage();
  await page.addInitScript(() =>
    Object.defineProperty(window, 'localStorage', {
      get() {
        throw new DOMException('blocked', 'SecurityError');
      },
    }),
  );
  let asked = 0;
  page.on('request', (request) => (asked += request.url().endsWith('/auth/session') ? 1 : 0));
  await page.goto('/mappings');
  await page.getByRole('heading', { name: 'Log in to Octoporty' }).waitFor();
  expect(asked).toBe(1);
  await logIn(page, PASSWORD);
  await page.getByRole('heading', { name: 'Mappings' }).waitFor();
  stage.expectQuietConsole({ butFor: [answered(401)] });
});

test('a password that nobody looked at is kept, and one that is wrong is not', async () => {
  const page = await stage.newPage();
  await page.goto('/login');
  const password = page.getByLabel('Password');
  await page.route('**/auth/login', (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }));
  await logIn(page, PASSWORD);
  await page.getByRole('alert').getByText('Something in front of the agent').waitFor();
  expect(await password.inputValue()).toBe(PASSWORD);
  await page.unroute('**/auth/login');
  await logIn(page, 'wrong');
  await expect.poll(() => password.inputValue()).toBe('');
  stage.expectQuietConsole({ butFor: [answered(502), answered(401)] });
});

test('a tab that was logged out by another goes on when the other logs in again', async () => {
  const page = await stage.logIn('/mappings');
  await page.getByText('Tunnel online').first().waitFor();
  const beside = await stage.openBeside(page, '/machines');
  await beside.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/login?next=/mappings');
  await beside.getByRole('heading', { name: 'Log in to Octoporty' }).waitFor();
  await logIn(beside, PASSWORD);
  await page.getByRole('heading', { name: 'Mappings' }).waitFor();
  stage.expectQuietConsole({ butFor: [answered(401)] });
});

test('a logout that fails stays on the page, and says that the login goes on', async () => {
  const page = await stage.logIn('/machines');
  await page.route('**/auth/logout', (route) => route.fulfill({ status: 502, body: 'Bad Gateway' }));
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByText('You are still logged in.').waitFor();
  await page.getByRole('heading', { name: 'Machines' }).waitFor();
  stage.expectQuietConsole({ butFor: [answered(502)] });
});

test('while the agent is slow to say who is there, the page says that it is loading', async () => {
  const page = await stage.logIn('/settings');
  let answer = (): void => {};
  await page.route('**/auth/session', async (route) => {
    await new Promise<void>((resolve) => (answer = resolve));
    await route.continue();
  });
  await page.reload();
  await page.getByText('Loading the page').waitFor({ state: 'attached' });
  answer();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await page.getByText('Loading the page').waitFor({ state: 'detached' });
});

/** The last one: it locks this address. */
test('a locked login says so and for how long, and ticks down', async () => {
  const page = await stage.newPage();
  await page.goto('/login');
  const alert = page.getByRole('alert');
  for (let n = 0; n < 20 && !(await alert.getByText('Too many failed logins').isVisible()); n += 1) {
    await logIn(page, 'wrong');
    await alert.getByText(/wrong|Too many/).waitFor();
    if (await page.getByRole('button', { name: 'Log in' }).isDisabled()) break;
  }
  const said = await alert.textContent();
  expect(said).toBe('Too many failed logins from this address: you have to wait.');
  const wait = page.getByText(/^Try again in \d+\s(s|min)/);
  const first = (await wait.textContent()) ?? '';
  await wait.filter({ hasNotText: first }).waitFor();
  // What is read out whenever it changes does not tick.
  expect([await alert.textContent(), await alert.getByText('Try again').count()]).toEqual([said, 0]);
  expect(await page.getByRole('button', { name: 'Log in' }).isDisabled()).toBe(true);
  await expectNoViolations(page);
  stage.expectQuietConsole({ butFor: [answered(401), answered(429)] });
});
