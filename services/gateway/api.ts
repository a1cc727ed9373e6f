// The gateway's own endpoints, on hosts that no mapping owns.

import { createHash, timingSafeEqual } from 'node:crypto';
import Router from '@koa/router';
import Koa from 'koa';
import type { ActorView } from '../actors.ts';
import type { Log } from '../log.ts';
import type { RelayView } from '../relayActors.ts';
import { SUBPROTOCOL, TUNNEL_PATH } from '../../protocol/control.ts';

export interface GatewayApiOptions {
  readonly version: string;
  readonly log: Log;
  readonly uptimeSeconds: () => number;
  readonly counts: () => { agents: number; tunnels: number };
  /** Opens the full status; null: it stays closed. */
  readonly statusToken: string | null;
  readonly machines: () => readonly ActorView[];
  readonly relays: () => readonly RelayView[];
}

/** A request handler for node:http. */
export function createGatewayApi(options: GatewayApiOptions): ReturnType<Koa['callback']> {
  const { version, log, uptimeSeconds, counts, statusToken, machines, relays } = options;
  const router = new Router();
  router.get('/health', (context) => {
    context.body = { status: 'ok', version };
  });
  router.get('/api/v1/status', (context) => {
    const { agents, tunnels } = counts();
    const anonymous = { status: 'ok', version, uptimeSeconds: uptimeSeconds(), agents, tunnels };
    const mayKnowMore = bearsToken(context.get('Authorization'), statusToken);
    context.body = mayKnowMore ? { ...anonymous, machines: machines(), relays: relays() } : anonymous;
  });
  router.get(TUNNEL_PATH, (context) => {
    context.status = 426;
    context.set('Upgrade', 'websocket');
    context.body = {
      error: `This is where agents connect: a WebSocket with the subprotocol ${SUBPROTOCOL}.`,
    };
  });

  const app = new Koa();
  const tellFailure = (error: unknown) => {
    log.error({ error }, 'A request to the gateway itself failed.');
  };
  // What fails once the answer has begun.
  app.on('error', tellFailure);
  app.use(async (context, next) => {
    context.set('Cache-Control', 'no-store');
    context.set('X-Content-Type-Options', 'nosniff');
    try {
      await next();
    } catch (error) {
      // Koa would answer without the headers above.
      tellFailure(error);
      context.status = 500;
      context.body = { error: 'Something went wrong here: the log of the gateway says what.' };
    }
  });
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app.callback();
}

function bearsToken(authorization: string, token: string | null): boolean {
  const given = /^Bearer (.+)$/i.exec(authorization)?.[1];
  return given !== undefined && token !== null && timingSafeEqual(digest(given), digest(token));
}

/** Equal lengths for the comparison, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
