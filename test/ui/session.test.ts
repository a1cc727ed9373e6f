// Owns the test of logging out: when it is done, and when the login goes on.

import { expect, test, vi } from 'vitest';
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

test('where the browser stores nothing, an agent that says nobody is logged in is not asked again', async () => {
  const browser = openBrowser();
  vi.stubGlobal('localStorage', {
    getItem: () => {
      throw new Error('blocked');
    },
    setItem: () => {
      throw new Error('blocked');
    },
    removeItem: () => {
      throw new Error('blocked');
    },
  });
  browser.answer = ({ path }) =>
    path.endsWith('/login')
      ? Response.json({ token: 'x', expiresAt: '2026-02-01T00:00:00.000Z' })
      : problem(401, 'unauthenticated');
  const session = useSession();
  await session.enter(LOGIN);
  session.forget();
  expect([session.isLoginRemembered(), await session.askWhoIsThere()]).toEqual([false, false]);
  expect(browser.asked.map(({ path }) => path)).toEqual(['/api/v1/auth/login']);
  await session.enter(LOGIN);
  expect(await session.askWhoIsThere()).toBe(true);
});

test('a login in another tab is heard, a logout there is none', () => {
  openBrowser();
  let heard = 0;
  const end = useSession().onLoginElsewhere(() => (heard += 1));
  const store = (key: string, newValue: string | null) =>
    window.dispatchEvent(Object.assign(new Event('storage'), { key, newValue }));
  store('octoporty.login', null);
  store('octoporty.theme', 'dark');
  expect(heard).toBe(0);
  store('octoporty.login', 'yes');
  expect(heard).toBe(1);
  end();
  store('octoporty.login', 'yes');
  expect(heard).toBe(1);
});
