// The gateway's own endpoints, on hosts that no mapping owns.

import Router from '@koa/router';
import Koa from 'koa';
import type { Log } from '../log.ts';
import { SUBPROTOCOL, TUNNEL_PATH } from '../../protocol/control.ts';

export interface GatewayApiOptions {
  readonly version: string;
  readonly log: Log;
  readonly uptimeSeconds: () => number;
  readonly counts: () => { agents: number; tunnels: number };
}

/** A request handler for node:http. */
export function createGatewayApi({
  version,
  log,
  uptimeSeconds,
  counts,
}: GatewayApiOptions): ReturnType<Koa['callback']> {
  const router = new Router();
  router.get('/health', (context) => {
    context.body = { status: 'ok', version };
  });
  router.get('/api/v1/status', (context) => {
    const { agents, tunnels } = counts();
    context.body = { status: 'ok', version, uptimeSeconds: uptimeSeconds(), agents, tunnels };
  });
  router.get(TUNNEL_PATH, (context) => {
    context.status = 426;
    context.set('Upgrade', 'websocket');
    context.body = {
      error: `This is where agents connect: a WebSocket with the subprotocol ${SUBPROTOCOL}.`,
    };
  });

  const app = new Koa();
  app.on('error', (error: unknown) => {
    log.error({ error }, 'A request to the gateway itself failed.');
  });
  app.use(async (context, next) => {
    context.set('Cache-Control', 'no-store');
    context.set('X-Content-Type-Options', 'nosniff');
    await next();
  });
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app.callback();
}
