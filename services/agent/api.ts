// The agent's HTTP side: health for machines, and a plain status page for people until the dashboard exists.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isIP } from 'node:net';
import Router from '@koa/router';
import ipaddr from 'ipaddr.js';
import Koa from 'koa';
import type { Log } from '../log.ts';
import { STATUS_CSS, STATUS_PAGE_POLICY, renderStatusPage, type PageStatus } from './statusPage.ts';

export interface AgentApiOptions {
  readonly host: string;
  readonly port: number;
  /** Host names besides addresses and localhost under which the page may be asked for. */
  readonly allowedHosts: readonly string[];
  readonly log: Log;
  readonly checks: () => { database: 'starting' | 'ok'; tunnel: string; isOnline: boolean };
  readonly status: () => PageStatus;
}

/** Listens; rejects with the listener's error, EADDRINUSE among them. */
export async function startAgentApi(options: AgentApiOptions): Promise<Server> {
  const answer = createApp(options).callback();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

function createApp({ allowedHosts, log, checks, status }: AgentApiOptions): Koa {
  const router = new Router();
  function refuse(context: Koa.Context, status: number, says: string): void {
    log.debug({ status, host: context.hostname }, 'A request to the agent was refused.');
    answerInWords(context, status, says);
  }

  router.get('/health', (context) => {
    const { database, tunnel, isOnline } = checks();
    // A lost tunnel is `degraded`, not an error: restarting the agent would not bring it back.
    context.status = database === 'ok' ? 200 : 503;
    context.body = {
      status: database === 'ok' && isOnline ? 'ok' : 'degraded',
      checks: { database, tunnel },
    };
  });
  router.get('/health/ready', (context) => {
    const { database, tunnel, isOnline } = checks();
    const isReady = database === 'ok' && isOnline;
    context.status = isReady ? 200 : 503;
    context.body = { status: isReady ? 'ready' : 'waiting', checks: { database, tunnel } };
  });
  router.get('/status.css', (context) => {
    context.type = 'text/css';
    context.body = STATUS_CSS;
  });
  router.get('/', (context) => {
    if (!isLoopback(context.req)) {
      refuse(context, 403, 'The status page is for this machine only.');
      return;
    }
    context.type = 'text/html';
    context.body = renderStatusPage(status());
  });

  const app = new Koa();
  const tellFailure = (error: unknown) => {
    log.error({ error }, 'A request to the agent failed.');
  };
  // What fails once the answer has begun.
  app.on('error', tellFailure);
  app.use(async (context, next) => {
    context.set('Cache-Control', 'no-store');
    context.set('X-Content-Type-Options', 'nosniff');
    context.set('Content-Security-Policy', STATUS_PAGE_POLICY);
    if (!isKnownName(context.hostname, allowedHosts)) {
      refuse(context, 421, 'This host name is not allowed here: add it to OCTOPORTY_UI_ALLOWED_HOSTS.');
      return;
    }
    try {
      await next();
    } catch (error) {
      // Koa would answer without the headers above.
      tellFailure(error);
      answerInWords(context, 500, 'Something went wrong here: the log of the agent says what.');
    }
  });
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

/** Koa's own `throw` takes the headers back that keep a page harmless. */
function answerInWords(context: Koa.Context, status: number, says: string): void {
  context.status = status;
  context.type = 'text/plain';
  context.body = says;
}

function isLoopback(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress;
  return address !== undefined && ipaddr.process(address).range() === 'loopback';
}

/** A foreign name that resolves to us is how a web page reaches private services (DNS rebinding): only known names pass. */
function isKnownName(hostname: string, allowedHosts: readonly string[]): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return (
    isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || allowedHosts.includes(name)
  );
}
