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
  /** Asks the agent once; true also when it does not answer: the pages then say so. */
  readonly askWhoIsThere: () => Promise<boolean>;
  /** Throws ApiProblem `wrong_password` or `locked_out`. */
  readonly enter: (login: Login) => Promise<void>;
  readonly leave: () => Promise<void>;
  /** The agent said that nobody is logged in. */
  readonly forget: () => void;
}

export function useSession(): SessionState {
  return { isLoggedIn, username, askWhoIsThere, enter, leave, forget };
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

async function leave(): Promise<void> {
  // First: the hub would be sent away by the agent, and ask why.
  isLoggedIn.value = false;
  try {
    await logOut();
  } catch (error) {
    isLoggedIn.value = true;
    throw error;
  }
  rememberLogin(false);
}

function forget(): void {
  isLoggedIn.value = false;
  rememberLogin(false);
}

/** True also where the browser remembers nothing. */
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
