// Owns the tests of the series over HTTP.

import { expect, test } from 'vitest';
import { requestSeriesSchema } from '../../../../protocol/api/series.ts';
import { seriesRoutes } from '../../../../services/agent/api/series.ts';
import { createRequestTally } from '../../../../services/agent/requestTally.ts';
import { SimulatedClock } from '../../../simulation/simulatedClock.ts';
import { ProblemError } from '../../../../services/agent/api/problems.ts';
import { openApi, type ApiStageOptions } from './apiStage.ts';

const MAPPING = 'abcdef00-0000-4000-8000-00000000000a';
const PATH = '/api/v1/requests/series';

async function asking(options: ApiStageOptions = {}) {
  const clock = new SimulatedClock();
  const tally = createRequestTally(clock);
  const add = (mappingId: string) =>
    tally.add({ mappingId, arrivedMs: clock.wallMs(), durationMs: 10, isFailed: false });
  add(MAPPING);
  add('abcdef00-0000-4000-8000-00000000000b');
  const { ask } = await openApi({ guarded: [seriesRoutes({ tally })], ...options });
  return { ask };
}

test.each([
  ['', 60, 2],
  ['?minutes=1', 1, 2],
  ['?minutes=1440', 1_440, 2],
  [`?minutes=5&mappingId=${MAPPING}`, 5, 1],
  [`?minutes=5&mappingId=${MAPPING.toUpperCase()}`, 5, 1],
  ['?mappingId=abcdef00-0000-4000-8000-00000000000c', 60, 0],
])('%s has a point for each minute, the running one last', async (query, minutes, running) => {
  const { ask } = await asking();
  const answer = await ask('GET', `${PATH}${query}`);
  expect(answer.status).toBe(200);
  const { items } = requestSeriesSchema.parse(answer.json);
  expect([items.length, items.at(-1)?.count]).toEqual([minutes, running]);
  expect(items.slice(0, -1).every(({ count, p50Ms }) => count === 0 && p50Ms === null)).toBe(true);
});

test.each([
  ['minutes=0', 'minutes', 'Enter a whole number from 1 to 1440.'],
  ['minutes=1441', 'minutes', 'Enter a whole number from 1 to 1440.'],
  ['minutes=1.5', 'minutes', 'Enter a whole number from 1 to 1440.'],
  ['minutes=hour', 'minutes', 'Enter a whole number from 1 to 1440.'],
  ['mappingId=mine', 'mappingId', 'Enter the id of a mapping.'],
])('%s is refused by its field', async (query, field, message) => {
  const { ask } = await asking();
  const answer = await ask('GET', `${PATH}?${query}`);
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({ code: 'invalid', errors: [{ field, message }] });
});

test('nobody who is not logged in is told', async () => {
  const { ask } = await asking({
    authenticate: () => {
      throw new ProblemError('unauthenticated');
    },
  });
  expect((await ask('GET', PATH)).status).toBe(401);
});
