// Logging in and out, and who is logged in.

import { loggedInSchema, sessionSchema, type Login, type Session } from '../../protocol/api/session.ts';
import { ask } from './request.ts';

/** The browser keeps the login as a cookie that no script can read. */
export async function logIn(login: Login): Promise<void> {
  await ask('POST', '/api/v1/auth/login', { body: login, schema: loggedInSchema });
}

export async function logOut(): Promise<void> {
  await ask('POST', '/api/v1/auth/logout');
}

/** Throws ApiProblem `unauthenticated` when nobody is. */
export function readSession(signal?: AbortSignal): Promise<Session> {
  return ask('GET', '/api/v1/auth/session', { schema: sessionSchema, signal });
}
