// Requests over time, over the API.

import { requestSeriesSchema, type SeriesPoint } from '../../protocol/api/series.ts';
import { ask } from './request.ts';

/** One point for each minute, the oldest first, the running one last. */
export async function readSeries(minutes: number, signal?: AbortSignal): Promise<SeriesPoint[]> {
  const { items } = await ask('GET', '/api/v1/requests/series', {
    query: { minutes },
    schema: requestSeriesSchema,
    signal,
  });
  return items;
}
