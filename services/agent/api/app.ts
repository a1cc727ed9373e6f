// The agent's HTTP application: what holds for every request, and which routes need a login.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';
import type { Log } from '../../log.ts';
import { readRequest } from '../../requestRules.ts';
import { answerProblemPage, isForPerson } from './problemPage.ts';
import { answerProblem, ProblemError, problemOf } from './problems.ts';
import { SECURITY_HEADERS } from './securityHeaders.ts';

export interface AgentAppOptions {
  /** Host names besides addresses and localhost under which the agent may be asked. */
  readonly allowedHosts: readonly string[];
  readonly log: Pick<Log, 'debug' | 'error'>;
  /** Throws a ProblemError unless the request comes from somebody who is logged in. */
  readonly authenticate: (context: Koa.Context) => void;
  /** Routes for everybody. */
  readonly open: readonly Router[];
  /** Routes for whoever is logged in. */
  readonly guarded: readonly Router[];
  /** Answers who looks with a browser where nothing is; absent: with the problem alone. */
  readonly missingPage?: (context: Koa.Context) => void;
}

export function createAgentApp(options: AgentAppOptions): Koa {
  const { allowedHosts, log, authenticate, open, guarded, missingPage } = options;
  const app = new Koa();
  // What fails beside the routes: the connection, or an answer that has begun.
  app.on('error', (error: unknown) => {
    if (isDeparture(error)) log.debug({ error }, 'Whoever asked has left before the answer was complete.');
    else log.error({ error }, 'An answer of the agent failed.');
  });
  app.use(async (context, next) => {
    context.set(SECURITY_HEADERS);
    try {
      refuseAmbiguous(context.req);
      if (!isKnownName(context.hostname, allowedHosts)) throw new ProblemError('unknown_name');
      await next();
      refuseUnanswered(context);
    } catch (thrown) {
      // Koa would answer without the headers above.
      const problem = problemOf(thrown);
      if (problem.code === 'internal') log.error({ error: thrown }, 'A request to the agent failed.');
      else log.debug({ code: problem.code, host: context.hostname }, 'A request to the agent was refused.');
      // What comes behind it may be read in two ways as well.
      if (problem.code === 'malformed') context.set('Connection', 'close');
      if (!isForPerson(context, problem)) answerProblem(context, problem);
      else if (problem.code === 'not_found' && missingPage !== undefined) missingPage(context);
      else answerProblemPage(context, problem);
    }
  });
  const everybody = routerOf(open);
  app.use(everybody.routes());
  app.use(everybody.allowedMethods());
  app.use(async (context, next) => {
    // What is no route asks for a login too: a stranger learns nothing of what there is.
    if (context.path.startsWith('/api/')) authenticate(context);
    await next();
  });

  const known = routerOf(guarded, async (context, next) => {
    // By the route that was found, not by the path that led to it: a router also takes "/API/".
    if (context.state.session === undefined) authenticate(context);
    await next();
  });
  app.use(known.routes());
  app.use(known.allowedMethods());
  return app;
}

/** Of two names that one request says, a proxy in front may have gone by the other: nobody is asked by such a one. */
export function refuseAmbiguous(request: IncomingMessage): void {
  const reading = readRequest(request);
  if ('problem' in reading) throw new ProblemError('malformed', { cause: reading.problem });
}

/** A foreign name that resolves to us is how a web page reaches private services (DNS rebinding): only known names pass. */
export function isKnownName(hostname: string, allowedHosts: readonly string[]): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return (
    isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || allowedHosts.includes(name)
  );
}

/** The connection's end as Node names it: nothing that we could have done better. */
function isDeparture(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return /^(ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE|HPE_\w+)$/.test(String(error.code));
}

/** `before` runs for every route of theirs, and for nothing else. */
function routerOf(routers: readonly Router[], before?: Koa.Middleware): Router {
  const all = new Router();
  if (before !== undefined) all.use(before);
  for (const router of routers) all.use(router.routes());
  return all;
}

/** No route took it, or none with this method: the router has set the status and the Allow header. */
function refuseUnanswered(context: Koa.Context): void {
  if (context.body !== undefined && context.body !== null) return;
  if (context.status === 404) throw new ProblemError('not_found');
  if (context.status === 405 || context.status === 501) throw new ProblemError('method_not_allowed');
}
