// The agent's metrics over HTTP: for machines with the status token, and for whoever is logged in.

import Router from '@koa/router';
import type Koa from 'koa';
import type { Metrics } from '../../metrics.ts';
import { bearsToken } from '../../sameSecret.ts';

export interface MetricsRoutesOptions {
  readonly metrics: Pick<Metrics, 'read' | 'contentType'>;
  /** Null: a login alone opens them. */
  readonly statusToken: string | null;
  /** Throws a ProblemError unless the request comes from somebody who is logged in. */
  readonly authenticate: (context: Koa.Context) => void;
}

export function metricsRoutes({ metrics, statusToken, authenticate }: MetricsRoutesOptions): Router {
  // As at the gateway: whoever guards the path in front of us guards this one spelling.
  const router = new Router({ sensitive: true, strict: true });
  router.get('/metrics', async (context) => {
    if (!bearsToken(context.get('Authorization'), statusToken)) authenticate(context);
    context.body = await metrics.read();
    context.set('Content-Type', metrics.contentType);
  });
  return router;
}
