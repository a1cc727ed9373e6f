// Who sends a request: a bearer token or the session's cookie says, the latter only from our own pages.

import type { IncomingMessage } from 'node:http';
import type Koa from 'koa';
import type { Clock } from '../../../machines/clock.ts';
import { BACKGROUND_HEADER } from '../../../protocol/api/session.ts';
import type { Session, Sessions } from '../sessions.ts';
import { ProblemError } from './problems.ts';
import { isByTls, refuseForeignOrigin } from './sameOrigin.ts';
import type { SessionCookie } from './sessionCookie.ts';

declare module 'koa' {
  interface DefaultState {
    /** Who is logged in; behind the authentication it is there. */
    session?: Session;
  }
}

export interface Authentication {
  /** Throws ProblemError `unauthenticated` or `foreign_origin`; notes the session in `context.state.session`. */
  authenticate(context: Koa.Context): Session;
  /**
   * The same for a request that becomes a WebSocket, whose cookie counts from our own pages only. It is no use: a page
   * that is left behind comes back to the hub by itself.
   */
  authenticateUpgrade(request: IncomingMessage): Session;
  /** Whether the request would still get in. It does not count as use. */
  isStillLoggedIn(request: IncomingMessage): boolean;
  /** The browser keeps the cookie for as long as the session lasts unused. */
  readonly setCookie: (context: Koa.Context, token: string, lifeMs: number) => void;
}

interface Found {
  readonly token: string;
  readonly session: Session;
  readonly isByCookie: boolean;
}

/** Methods that change nothing (RFC 9110 §9.2.1): another site cannot read their answers. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createAuthentication(
  sessions: Sessions,
  cookie: SessionCookie,
  clock: Pick<Clock, 'wallMs'>,
): Authentication {
  function find(request: IncomingMessage): Found | undefined {
    const bearer = readBearer(request.headers.authorization);
    const tokens = bearer === undefined ? cookie.read(request.headers.cookie) : [bearer];
    for (const token of tokens) {
      const session = sessions.find(token);
      if (session !== undefined) return { token, session, isByCookie: bearer === undefined };
    }
    return undefined;
  }

  function admit(request: IncomingMessage, isRead: boolean): Found {
    const found = find(request);
    if (found === undefined) throw new ProblemError('unauthenticated');
    if (found.isByCookie && !isRead) refuseForeignOrigin(request);
    return found;
  }

  function setCookie(context: Koa.Context, token: string, lifeMs: number): void {
    const maxAgeSeconds = Math.floor(lifeMs / 1000);
    context.set('Set-Cookie', cookie.write(token, { maxAgeSeconds, isByTls: isByTls(context.req) }));
  }

  return {
    authenticate(context) {
      const isRead = SAFE_METHODS.has(context.method);
      const found = admit(context.req, isRead);
      const isUse = !isRead || context.get(BACKGROUND_HEADER) === '';
      const session = isUse ? sessions.use(found.session) : found.session;
      context.state.session = session;
      if (isUse && found.isByCookie) setCookie(context, found.token, session.expiresMs - clock.wallMs());
      return session;
    },
    authenticateUpgrade: (request) => admit(request, false).session,
    isStillLoggedIn: (request) => find(request) !== undefined,
    setCookie,
  };
}

/** Behind the authentication. Throws when the route is not behind it, which is our mistake. */
export function sessionOf(context: Pick<Koa.Context, 'state'>): Session {
  const { session } = context.state;
  if (session === undefined) throw new Error('A route that needs a login is open.');
  return session;
}

/** Undefined when there is none; another scheme belongs to a proxy in front. */
function readBearer(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
