// The logs over HTTP: requests and connections, the newest first. Each route: parse, read, present.

import Router from '@koa/router';
import type { Clock } from '../../../machines/clock.ts';
import type { RequestLog } from '../requestLog.ts';
import type { Journal } from '../store/journal.ts';
import { connectionQuerySchema, requestQuerySchema } from '../../../protocol/api/logs.ts';
import { StoreError } from '../store/store.ts';
import { withinPatience } from '../withinPatience.ts';
import { readQuery } from './input.ts';

export interface LogRoutesOptions {
  readonly requestLog: Pick<RequestLog, 'readRequests'>;
  readonly journal: Pick<Journal, 'readConnections'>;
  readonly clock: Pick<Clock, 'setTimer'>;
}

/** How long a page waits for the database. Raised: a person waits longer to hear that it hangs. */
export const READ_PATIENCE_MS = 6_000;

export function logRoutes({ requestLog, journal, clock }: LogRoutesOptions): Router {
  const router = new Router();
  const inTime = <Items>(asked: Promise<Items>) =>
    withinPatience(
      asked,
      clock,
      READ_PATIENCE_MS,
      () => new StoreError('unavailable', 'A log has not been read in time.'),
    );

  router.get('/api/v1/requests', async (context) => {
    const query = readQuery(context, requestQuerySchema);
    context.body = { items: await inTime(requestLog.readRequests(query)) };
  });

  router.get('/api/v1/connections', async (context) => {
    const query = readQuery(context, connectionQuerySchema);
    context.body = { items: await inTime(journal.readConnections(query)) };
  });

  return router;
}
