// The plain status page, until there is a dashboard: for people at this machine only, because it asks for no login.

import type { IncomingMessage } from 'node:http';
import Router from '@koa/router';
import ipaddr from 'ipaddr.js';
import { ProblemError } from './problems.ts';
import { STATUS_CSS, STATUS_PAGE_POLICY, renderStatusPage, type PageStatus } from './statusPage.ts';

export function pageRoutes(status: () => PageStatus): Router {
  const router = new Router();
  router.get('/status.css', (context) => {
    context.type = 'text/css';
    context.body = STATUS_CSS;
  });
  router.get('/', (context) => {
    if (!isFromThisMachine(context.req)) throw new ProblemError('this_machine_only');
    context.set('Content-Security-Policy', STATUS_PAGE_POLICY);
    context.type = 'text/html';
    context.body = renderStatusPage(status());
  });
  return router;
}

/** Lines that proxies add: behind one of this machine, everybody comes from here. */
const PROXY_LINES = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

function isFromThisMachine(request: IncomingMessage): boolean {
  if (PROXY_LINES.some((name) => request.headers[name] !== undefined)) return false;
  const address = request.socket.remoteAddress;
  return address !== undefined && ipaddr.process(address).range() === 'loopback';
}
