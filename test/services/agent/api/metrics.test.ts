// Owns the tests of the agent's metrics over HTTP: who may ask for them, and how they come.

import { expect, test } from 'vitest';
import { metricsRoutes } from '../../../../services/agent/api/metrics.ts';
import { ProblemError } from '../../../../services/agent/api/problems.ts';
import { openApi } from './apiStage.ts';
import { problemIn } from './mappingStage.ts';

const TOKEN = 'a status token';
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

test('the status token opens them, as Prometheus wants them', async () => {
  const answer = await ask(TOKEN, { authorization: `Bearer ${TOKEN}` });
  expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
    200,
    CONTENT_TYPE,
    'a_thing 1\n',
  ]);
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
});

test.each([TOKEN, null])('a login opens them too, where the status token is %s', async (token) => {
  expect((await ask(token, { authorization: 'Bearer a login' })).status).toBe(200);
});

test.each([
  [TOKEN, {}],
  [TOKEN, { authorization: `Bearer ${TOKEN}x` }],
  [TOKEN, { authorization: `Basic ${TOKEN}` }],
  [null, { authorization: 'Bearer null' }],
  [null, {}],
])('with the token %s they stay closed to whoever sends %j', async (token, headers) => {
  const answer = await ask(token, headers);
  expect(problemIn(answer)).toMatchObject({ status: 401, code: 'unauthenticated' });
  expect(answer.text).not.toContain('a_thing');
});

test('they are at one path, letter by letter', async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const paths = ['/metrics', '/metrics?x', '/METRICS', '/metrics/', '/%6detrics'];
  const answers = await Promise.all(paths.map((path) => ask(TOKEN, headers, path)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 404, 404]);
});

async function ask(statusToken: string | null, headers: Readonly<Record<string, string>>, path = '/metrics') {
  const routes = metricsRoutes({
    metrics: { contentType: CONTENT_TYPE, read: async () => 'a_thing 1\n' },
    statusToken,
    authenticate: (context) => {
      if (context.get('Authorization') !== 'Bearer a login') throw new ProblemError('unauthenticated');
    },
  });
  const api = await openApi({ open: [routes] });
  return api.ask('GET', path, { headers });
}
