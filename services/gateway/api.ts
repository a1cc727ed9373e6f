// The gateway's own endpoints, on hosts that no mapping owns.

import Router from '@koa/router';
import Koa from 'koa';
import type { Actors } from '../actors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { RelayView } from '../relayActors.ts';
import type { CaddyStatus } from './caddyStatus.ts';
import type { SessionView } from './sessionView.ts';
import { SUBPROTOCOL, TUNNEL_PATH } from '../../protocol/control.ts';
import { machineDetailOf, machineViewOf } from '../machineViews.ts';
import { bearsToken } from '../sameSecret.ts';
import { HEALTH_PATH, MACHINES_PATH, METRICS_PATH, STATUS_PATH } from './gatewayPaths.ts';

export interface GatewayApiOptions {
  readonly version: string;
  readonly log: Log;
  readonly uptimeSeconds: () => number;
  readonly counts: () => { agents: number; tunnels: number };
  /** Opens the full status and the machines; null: they stay closed. */
  readonly statusToken: string | null;
  readonly actors: Pick<Actors, 'list' | 'find'>;
  readonly sessions: () => readonly SessionView[];
  readonly relays: () => readonly RelayView[];
  /** Null where visitors reach the gateway without it. */
  readonly caddy: () => CaddyStatus | null;
  /** Open to the status token; null: nobody counts, and there is no such path. */
  readonly metrics: Pick<Metrics, 'read' | 'contentType'> | null;
}

/** A request handler for node:http. */
export function createGatewayApi(options: GatewayApiOptions): ReturnType<Koa['callback']> {
  const { version, log, uptimeSeconds, counts, statusToken, actors, sessions, relays, caddy, metrics } =
    options;
  const mayKnowMore = (context: Koa.Context) => bearsToken(context.get('Authorization'), statusToken);
  const machines = () => actors.list().map((actor) => machineViewOf(actor, 'gateway'));
  const router = new Router();
  router.get(HEALTH_PATH, (context) => {
    context.body = { status: 'ok', version };
  });
  router.get(STATUS_PATH, (context) => {
    const { agents, tunnels } = counts();
    const anonymous = { status: 'ok', version, uptimeSeconds: uptimeSeconds(), agents, tunnels };
    context.body = mayKnowMore(context)
      ? { ...anonymous, sessions: sessions(), machines: machines(), relays: relays(), caddy: caddy() }
      : anonymous;
  });
  router.get(MACHINES_PATH, (context) => {
    if (mayKnowMore(context)) context.body = { items: machines() };
    else refuseStranger(context);
  });
  // Ids hold slashes, and may come with them encoded or as they are.
  router.get(`${MACHINES_PATH}/*id`, (context) => {
    if (!mayKnowMore(context)) {
      refuseStranger(context);
      return;
    }
    const actor = actors.find(context.params.id ?? '');
    context.status = actor === undefined ? 404 : 200;
    context.body =
      actor === undefined ? { error: 'No live machine has this id.' } : machineDetailOf(actor, 'gateway');
  });
  if (metrics !== null) {
    router.get(METRICS_PATH, async (context) => {
      if (!mayKnowMore(context)) {
        refuseStranger(context);
        return;
      }
      context.body = await metrics.read();
      context.set('Content-Type', metrics.contentType);
    });
  }
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
    // None of it is a page, and it is nobody's to show in one of theirs.
    context.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    context.set('Referrer-Policy', 'no-referrer');
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

function refuseStranger(context: Koa.Context): void {
  context.status = 401;
  context.set('WWW-Authenticate', 'Bearer');
  context.body = {
    error: 'Send the status token as `Authorization: Bearer …`: it is set by OCTOPORTY_STATUS_TOKEN.',
  };
}
