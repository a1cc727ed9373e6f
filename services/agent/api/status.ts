// Where the agent stands, over HTTP: health for machines, status for people, and dialling anew.

import Router from '@koa/router';
import type { Entrance } from '../../../protocol/api/entrance.ts';
import type { Status } from '../../../protocol/api/status.ts';
import { instantOf } from '../../../protocol/api/values.ts';
import { describeError } from '../../../protocol/errors.ts';
import type { DatabaseState } from '../database.ts';
import { isOnlineState, type Uplink } from '../uplink.ts';

export interface StatusRoutesOptions {
  readonly uplink: Pick<Uplink, 'status' | 'reconnect'>;
  readonly databaseState: () => DatabaseState;
  readonly droppedLogRows: () => number;
  readonly relays: () => number;
  readonly uptimeSeconds: () => number;
  readonly gatewayUrl: string;
  /** Null: visitors come by TLS, at each mapping's own port. */
  readonly entrance: Entrance | null;
  readonly agentName: string;
  readonly version: string;
}

/** For everybody: what container runtimes and load balancers ask. */
export function healthRoutes({ uplink, databaseState }: StatusRoutesOptions): Router {
  const router = new Router();
  const checks = () => ({ database: databaseState(), tunnel: uplink.status.state });
  const isWhole = () => databaseState() === 'ok' && isOnlineState(uplink.status.state);

  router.get('/health', (context) => {
    // A lost tunnel or database is `degraded`: restarting the agent would bring neither back.
    context.status = databaseState() === 'starting' ? 503 : 200;
    context.body = { status: isWhole() ? 'ok' : 'degraded', checks: checks() };
  });
  router.get('/health/ready', (context) => {
    context.status = isWhole() ? 200 : 503;
    context.body = { status: isWhole() ? 'ready' : 'waiting', checks: checks() };
  });
  return router;
}

export function statusRoutes(options: StatusRoutesOptions): Router {
  const router = new Router({ prefix: '/api/v1' });
  router.get('/status', (context) => {
    context.body = statusOf(options);
  });
  router.post('/reconnect', (context) => {
    options.uplink.reconnect();
    context.status = 202;
    context.body = statusOf(options);
  });
  return router;
}

/** The status as it is now: what the API answers, and what the hub tells. */
export function statusOf(options: StatusRoutesOptions): Status {
  const { uplink, gatewayUrl, entrance, agentName, version } = options;
  const { state, sinceMs, restMs, attempt, lastError, gateway, config } = uplink.status;
  return {
    state,
    since: instantOf(sinceMs),
    attempt,
    nextRetryAt: restMs === null ? null : instantOf(sinceMs + restMs),
    lastError:
      lastError === null ? null : { code: lastError.code, message: describeError(lastError.code).says },
    gateway: {
      url: gatewayUrl,
      version: gateway.version === '' ? null : gateway.version,
      host: gateway.host,
      rttMs: gateway.rttMs,
      ...(entrance === null ? {} : { entrance }),
    },
    tunnels: isOnlineState(state) ? 1 : 0,
    config: {
      revision: config.revision,
      ackedRevision: config.ackedRevision,
      errors: config.errors.map(({ id, code }) => ({ id, code, message: describeError(code).says })),
    },
    database: options.databaseState(),
    droppedLogRows: options.droppedLogRows(),
    relays: options.relays(),
    agentName,
    version,
    uptimeSeconds: options.uptimeSeconds(),
  };
}
