// Owns the test of logging out: when it is done, and when the login goes on.

import { expect, test } from 'vitest';
import { useSession } from '../../ui/live/useSession.ts';
import { openBrowser, problem } from './support/browserStage.ts';

const LOGIN = { username: 'admin', password: 'secret' };

/** A browser that is logged in; the logout is answered so. */
async function openStage(logout: () => Response) {
  const browser = openBrowser();
  browser.answer = ({ path }) =>
    path.endsWith('/login') ? Response.json({ token: 'x', expiresAt: '2026-02-01T00:00:00.000Z' }) : logout();
  const session = useSession();
  await session.enter(LOGIN);
  return { ...session, ...browser };
}

test('a login that has ended already is logged out, without a complaint', async () => {
  const { leave, isLoggedIn, isLoginRemembered } = await openStage(() => problem(401, 'unauthenticated'));
  await leave(() => Promise.resolve(true));
  expect([isLoggedIn.value, isLoginRemembered()]).toEqual([false, false]);
});

test.each([
  ['a proxy answers in the agent’s place', () => new Response('<html></html>')],
  ['the agent does not answer', () => Response.error()],
  ['the agent says no', () => problem(403, 'foreign_origin')],
])('where %s the login goes on', async (_what, logout) => {
  const { leave, isLoggedIn, isLoginRemembered } = await openStage(logout);
  await expect(leave(() => Promise.resolve(true))).rejects.toThrow();
  expect([isLoggedIn.value, isLoginRemembered()]).toEqual([true, true]);
});

test('a page that is not left keeps the login, and the agent hears nothing', async () => {
  const { leave, isLoggedIn, asked } = await openStage(() => new Response(null, { status: 204 }));
  await leave(() => Promise.resolve(false));
  expect([isLoggedIn.value, asked.map(({ path }) => path)]).toEqual([true, ['/api/v1/auth/login']]);
  await leave(() => Promise.resolve(true));
  expect(isLoggedIn.value).toBe(false);
});
