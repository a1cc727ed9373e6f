// The logs as the API's document tells them.

import {
  connectionPageSchema,
  connectionQuerySchema,
  requestPageSchema,
  requestQuerySchema,
} from '../../../../protocol/api/logs.ts';
import { requestSeriesSchema, seriesQuerySchema } from '../../../../protocol/api/series.ts';
import { get, ok, tagged } from './operation.ts';

export const LOG_OPERATIONS = tagged('logs', [
  get('/api/v1/requests', 'listRequests', 'Requests that have ended, the newest first.', {
    query: requestQuerySchema,
    answers: ok('One page.', requestPageSchema),
    problems: ['unavailable'],
  }),
  get(
    '/api/v1/requests/series',
    'readSeries',
    'Requests by the minute, for charts. Kept in memory: minutes of which nothing is known count as empty.',
    {
      query: seriesQuerySchema,
      answers: ok('A point for each minute, the oldest first.', requestSeriesSchema),
    },
  ),
  get('/api/v1/connections', 'listConnections', 'Tunnels, the newest first.', {
    query: connectionQuerySchema,
    answers: ok('One page.', connectionPageSchema),
    problems: ['unavailable'],
  }),
]);
