// Owns the tests of answers with thousands of items: they are the JSON they would be anyway.

import Router from '@koa/router';
import { expect, test } from 'vitest';
import { answerLong } from '../../../../services/agent/api/longAnswer.ts';
import { openApi } from './apiStage.ts';

test.each([0, 1, 999, 1_000, 1_001, 2_500])(
  'a list of %i items arrives whole, beside plain values',
  async (count) => {
    const items = Array.from({ length: count }, (_each, n) => ({ id: n, says: 'a, "b" ]', none: null }));
    const answer = { items, 'empty "list"': [], unchanged: count, nothing: null };
    const router = new Router();
    router.get('/api/v1/long', (context) => answerLong(context, answer));
    const { ask } = await openApi({ open: [router] });
    const { status, headers, text } = await ask('GET', '/api/v1/long');
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(text).toBe(JSON.stringify(answer));
  },
);

test('between the slices of a long list others have their turn', async () => {
  const router = new Router();
  let turns = 0;
  router.get('/api/v1/long', async (context) => {
    const work = { isDone: false };
    const count = () => {
      turns += 1;
      if (!work.isDone) setImmediate(count);
    };
    setImmediate(count);
    await answerLong(context, { items: Array.from({ length: 10_000 }, (_each, n) => n) });
    work.isDone = true;
  });
  const { ask } = await openApi({ open: [router] });
  await ask('GET', '/api/v1/long');
  expect(turns).toBeGreaterThanOrEqual(9);
});
