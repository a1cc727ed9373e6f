// Requests over time over HTTP: parse, count, present.

import Router from '@koa/router';
import { seriesQuerySchema } from '../../../protocol/api/series.ts';
import type { RequestTally } from '../requestTally.ts';
import { readQuery } from './input.ts';

/** From memory: they are answered while the database is away, too. */
export function seriesRoutes({ tally }: { readonly tally: Pick<RequestTally, 'series'> }): Router {
  const router = new Router();
  router.get('/api/v1/requests/series', (context) => {
    const { minutes, mappingId } = readQuery(context, seriesQuerySchema);
    context.body = { items: tally.series(minutes, mappingId) };
  });
  return router;
}
