// Whether somebody is logged in, as this browser knows it: the agent has the last word.

import { shallowRef, type ShallowRef } from 'vue';
import { ApiProblem } from '../api/request.ts';
import { logIn, logOut, readSession } from '../api/session.ts';
import type { Login } from '../../protocol/api/session.ts';

/** That there was a login: no script can read the cookie, and a request without one would be an error on the console. */
const LOGIN_KEY = 'octoporty.login';

const isLoggedIn = shallowRef(false);
const username = shallowRef('');

export interface SessionState {
  readonly isLoggedIn: ShallowRef<boolean>;
  /** Empty until the agent has said it. */
  readonly username: ShallowRef<string>;
  /** That there was a login in this browser. True also where the browser remembers nothing. */
  readonly isLoginRemembered: () => boolean;
  /** Asks the agent once; true also when it does not answer: the pages then say so. */
  readonly askWhoIsThere: () => Promise<boolean>;
  /** Throws ApiProblem `wrong_password` or `locked_out`. */
  readonly enter: (login: Login) => Promise<void>;
  /** Leaves the pages by `goAway`, then ends the login. Throws ApiProblem or AgentUnreachable: then it goes on. */
  readonly leave: (goAway: () => Promise<unknown>) => Promise<void>;
  /** The agent said that nobody is logged in. */
  readonly forget: () => void;
}

export function useSession(): SessionState {
  return { isLoggedIn, username, isLoginRemembered, askWhoIsThere, enter, leave, forget };
}

async function askWhoIsThere(): Promise<boolean> {
  if (isLoggedIn.value) return true;
  if (!isLoginRemembered()) return false;
  try {
    username.value = (await readSession()).username;
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'unauthenticated') {
      forget();
      return false;
    }
  }
  isLoggedIn.value = true;
  return true;
}

async function enter(login: Login): Promise<void> {
  await logIn(login);
  username.value = login.username;
  isLoggedIn.value = true;
  rememberLogin(true);
}

async function leave(goAway: () => Promise<unknown>): Promise<void> {
  // Before the agent hears of it: what the page and the hub still asked would be refused.
  forget();
  await goAway();
  try {
    await logOut();
  } catch (error) {
    isLoggedIn.value = true;
    rememberLogin(true);
    throw error;
  }
}

function forget(): void {
  isLoggedIn.value = false;
  rememberLogin(false);
}

function isLoginRemembered(): boolean {
  try {
    return localStorage.getItem(LOGIN_KEY) !== null;
  } catch {
    return true;
  }
}

function rememberLogin(isIn: boolean): void {
  try {
    if (isIn) localStorage.setItem(LOGIN_KEY, 'yes');
    else localStorage.removeItem(LOGIN_KEY);
  } catch {
    // The agent is then asked each time.
    return;
  }
}
