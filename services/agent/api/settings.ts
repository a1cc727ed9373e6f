// What the agent runs with over HTTP: facts to read, and no secret among them.

import Router from '@koa/router';
import type { Settings } from '../../../protocol/api/settings.ts';
import type { Uplink } from '../uplink.ts';
import { skewBetween } from '../skew.ts';

export interface SettingsRoutesOptions {
  readonly agent: Settings['agent'];
  /** Holds no login: the configuration refuses one. */
  readonly gatewayUrl: string;
  readonly uplink: Pick<Uplink, 'status'>;
  readonly database: Settings['database'];
  readonly logs: Settings['logs'];
}

export function settingsRoutes({ agent, gatewayUrl, uplink, database, logs }: SettingsRoutesOptions): Router {
  const router = new Router();
  router.get('/api/v1/settings', (context) => {
    const { version, host } = uplink.status.gateway;
    context.body = {
      agent,
      gateway: { url: gatewayUrl, host, version: version === '' ? null : version },
      skew: skewBetween(agent.version, version),
      database,
      logs,
      apiDocument: '/api/v1/openapi.json',
    } satisfies Settings;
  });
  return router;
}
