// Logging in, in tests: the agent's login on a port, with a clock that is set by hand and an agent that can start again.

import { z } from 'zod';
import { loggedInSchema } from '../../../../protocol/api/session.ts';
import { authRoutes } from '../../../../services/agent/api/auth.ts';
import { createAuthentication } from '../../../../services/agent/api/authentication.ts';
import { createSessionCookie } from '../../../../services/agent/api/sessionCookie.ts';
import { createLockout } from '../../../../services/agent/lockout.ts';
import type { SessionsOptions } from '../../../../services/agent/sessions.ts';
import { PASSWORD, USERNAME, sessionsStage } from '../sessionsStage.ts';
import { openApi, type ApiAnswer } from './apiStage.ts';

export const LOGIN = '/api/v1/auth/login';
export const LOGOUT = '/api/v1/auth/logout';
export const SESSION = '/api/v1/auth/session';
export const RIGHT = { username: USERNAME, password: PASSWORD };

const AGENT_ID = '00000000-0000-4000-8000-000000000000';

/** The name of its cookie. */
export const COOKIE = createSessionCookie(AGENT_ID).name;

/** The agent's login on a port. */
export async function loginStage() {
  const { clock, log, logged, start } = sessionsStage();
  let logouts = 0;

  async function run({
    agentId = AGENT_ID,
    ...changes
  }: Partial<Pick<SessionsOptions, 'username' | 'password'>> & { readonly agentId?: string } = {}) {
    const sessions = start(changes);
    const authentication = createAuthentication(sessions, createSessionCookie(agentId), clock);
    const { open, guarded } = authRoutes({
      ...RIGHT,
      ...changes,
      sessions,
      setCookie: authentication.setCookie,
      lockout: createLockout(),
      clock,
      onLogout: () => (logouts += 1),
      log,
    });
    const api = await openApi({ ...authentication, open: [open], guarded: [guarded] });
    return { ...api, authentication };
  }

  const running = await run();
  return {
    ...running,
    clock,
    /** How often it was told that a session was revoked. */
    logouts: () => logouts,
    /** On another port, with the same data folder. */
    restart: run,
    allLogged: () => [...logged, ...running.logged],
    async logIn(): Promise<string> {
      return tokenOf(await running.ask('POST', LOGIN, { body: RIGHT }));
    },
  };
}

function tokenOf({ json }: ApiAnswer): string {
  return loggedInSchema.parse(json).token;
}

export function codeOf(json: unknown): string {
  return z.object({ code: z.string() }).parse(json).code;
}

export function bearer(token: string) {
  return { authorization: `Bearer ${token}` };
}

export function cookie(token: string) {
  return { cookie: `${COOKIE}=${token}` };
}
