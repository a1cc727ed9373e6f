// Routes for logging in and out, and for asking who one is.

import Router from '@koa/router';
import type { z } from 'zod';
import type { Clock } from '../../../machines/clock.ts';
import {
  loginSchema,
  type loggedInSchema,
  type Login,
  type Session as SessionView,
} from '../../../protocol/api/session.ts';
import { instantOf } from '../../../protocol/api/values.ts';
import type { Log } from '../../log.ts';
import { isSameSecret } from '../../sameSecret.ts';
import type { Lockout } from '../lockout.ts';
import type { Session, Sessions } from '../sessions.ts';
import { sessionOf, type Authentication } from './authentication.ts';
import { readJson } from './input.ts';
import { ProblemError } from './problems.ts';
import { refuseForeignOrigin } from './sameOrigin.ts';

export interface AuthRoutesOptions {
  readonly username: string;
  readonly password: string;
  readonly sessions: Sessions;
  readonly setCookie: Authentication['setCookie'];
  readonly lockout: Lockout;
  readonly clock: Pick<Clock, 'nowMs' | 'wallMs'>;
  /** A session was revoked: what it had open ends. */
  readonly onLogout: () => void;
  readonly log: Pick<Log, 'warn'>;
}

export function authRoutes(options: AuthRoutesOptions): { open: Router; guarded: Router } {
  const { username, password, sessions, setCookie, lockout, clock, onLogout, log } = options;
  const open = new Router({ prefix: '/api/v1/auth' });
  const guarded = new Router({ prefix: '/api/v1/auth' });

  /** In one go, with the body read before: between looking and counting no other attempt may slip through. */
  function admit(login: Login, address: string): void {
    const nowMs = clock.nowMs();
    const waitSeconds = lockout.waitSeconds(address, nowMs);
    if (waitSeconds > 0) throw new ProblemError('locked_out', { retryAfterSeconds: waitSeconds });
    if (isLogin(login, { username, password })) {
      lockout.forgive(address);
      return;
    }
    // Never with what was typed: passwords end up in the user name's field.
    if (lockout.punish(address, nowMs))
      log.warn({ address }, 'Logins failed too often: the address has to wait.');
    else log.warn({ address }, 'A login failed: the user name or the password is wrong.');
    throw new ProblemError('wrong_password');
  }

  open.post('/login', async (context) => {
    // Else a foreign page could log its visitor in, and read later what they do here.
    refuseForeignOrigin(context.req);
    const login = await readJson(context, loginSchema);
    admit(login, context.req.socket.remoteAddress ?? '');
    const { token, session } = await sessions.open();
    setCookie(context, token, session.expiresMs - clock.wallMs());
    const answer: z.output<typeof loggedInSchema> = { token, expiresAt: instantOf(session.expiresMs) };
    context.body = answer;
  });

  guarded.post('/logout', async (context) => {
    await sessions.revoke(sessionOf(context));
    onLogout();
    setCookie(context, '', 0);
    context.status = 204;
  });

  guarded.get('/session', (context) => {
    context.body = viewOf(sessionOf(context));
  });

  return { open, guarded };
}

function viewOf({ username, createdMs, expiresMs }: Session): SessionView {
  return { username, createdAt: instantOf(createdMs), expiresAt: instantOf(expiresMs) };
}

/** Both parts are always compared: how long it takes does not say which one is wrong. */
function isLogin(given: Login, right: Login): boolean {
  const isUser = isSameSecret(given.username, right.username);
  const isPassword = isSameSecret(given.password, right.password);
  return isUser && isPassword;
}
