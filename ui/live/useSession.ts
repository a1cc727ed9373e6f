// Whether somebody is logged in, as this browser knows it: the agent has the last word.

import { shallowRef, type ShallowRef } from 'vue';
import { ApiProblem } from '../api/request.ts';
import { logIn, logOut, readSession } from '../api/session.ts';
import type { Login } from '../../protocol/api/session.ts';

/** That there was a login: no script can read the cookie, and a request without one would be an error on the console. */
const LOGIN_KEY = 'octoporty.login';

/** Nobody is logged in, as far as this page has heard: a browser that stores nothing would have it ask on and on. */
let isKnownOut = false;

const isLoggedIn = shallowRef(false);
const isLeaving = shallowRef(false);
const username = shallowRef('');

export interface SessionState {
  readonly isLoggedIn: ShallowRef<boolean>;
  /** Somebody wants to log out: the login may be opened though they are logged in. */
  readonly isLeaving: ShallowRef<boolean>;
  /** Empty until the agent has said it. */
  readonly username: ShallowRef<string>;
  /** That there was a login in this browser. Where it remembers nothing: true until the agent has said that there is none. */
  readonly isLoginRemembered: () => boolean;
  /** Asks the agent once; true also when it does not answer: the pages then say so. */
  readonly askWhoIsThere: () => Promise<boolean>;
  /** Throws ApiProblem `wrong_password` or `locked_out`. */
  readonly enter: (login: Login) => Promise<void>;
  /**
   * Ends the login once `goAway` has left the pages; false: a page with unsaved changes was not left, and nothing has
   * happened. Throws ApiProblem or AgentUnreachable: then the login goes on.
   */
  readonly leave: (goAway: () => Promise<boolean>) => Promise<void>;
  /** The agent said that nobody is logged in. */
  readonly forget: () => void;
  /** Somebody has logged in in another tab. The returned function ends it. */
  readonly onLoginElsewhere: (listener: () => void) => () => void;
}

export function useSession(): SessionState {
  return {
    ...{ isLoggedIn, isLeaving, username, isLoginRemembered },
    ...{ askWhoIsThere, enter, leave, forget, onLoginElsewhere },
  };
}

async function askWhoIsThere(): Promise<boolean> {
  if (isLoggedIn.value) return true;
  if (!isLoginRemembered()) return false;
  try {
    username.value = (await readSession()).username;
  } catch (error) {
    if (isLoggedOut(error)) {
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
  isKnownOut = false;
  isLoggedIn.value = true;
  rememberLogin(true);
}

async function leave(goAway: () => Promise<boolean>): Promise<void> {
  isLeaving.value = true;
  const isGone = await goAway().finally(() => (isLeaving.value = false));
  if (!isGone) return;
  // Before the agent hears of it: what the hub still asked would be refused.
  forget();
  try {
    await logOut();
  } catch (error) {
    // It has ended already, as was asked.
    if (isLoggedOut(error)) return;
    isKnownOut = false;
    isLoggedIn.value = true;
    rememberLogin(true);
    throw error;
  }
}

function isLoggedOut(thrown: unknown): boolean {
  return thrown instanceof ApiProblem && thrown.code === 'unauthenticated';
}

function forget(): void {
  isKnownOut = true;
  isLoggedIn.value = false;
  rememberLogin(false);
}

function onLoginElsewhere(listener: () => void): () => void {
  // Told to all tabs but the one that has stored it.
  const hear = ({ key, newValue }: StorageEvent) => {
    if (key === LOGIN_KEY && newValue !== null) listener();
  };
  window.addEventListener('storage', hear);
  return () => window.removeEventListener('storage', hear);
}

function isLoginRemembered(): boolean {
  try {
    return localStorage.getItem(LOGIN_KEY) !== null;
  } catch {
    return !isKnownOut;
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
