// The logs over HTTP: requests and connections, the newest first. Each route: parse, read, present.

import Router from '@koa/router';
import type { Journal } from '../store/journal.ts';
import { connectionQuerySchema, requestQuerySchema } from '../../../protocol/api/logs.ts';
import { readQuery } from './input.ts';

export interface LogRoutesOptions {
  readonly journal: Pick<Journal, 'readRequests' | 'readConnections'>;
}

export function logRoutes({ journal }: LogRoutesOptions): Router {
  const router = new Router();

  router.get('/api/v1/requests', async (context) => {
    const query = readQuery(context, requestQuerySchema);
    context.body = { items: await journal.readRequests(query) };
  });

  router.get('/api/v1/connections', async (context) => {
    const query = readQuery(context, connectionQuerySchema);
    context.body = { items: await journal.readConnections(query) };
  });

  return router;
}
