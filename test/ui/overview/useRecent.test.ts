// Owns the test of the last requests on a live page: what the log and the hub tell of them, put together.

import { nextTick } from 'vue';
import { expect, test } from 'vitest';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { useRecent } from '../../../ui/pages/overview/useRecent.ts';
import { endedRequest, snapshotOf } from '../../support/hubTells.ts';
import { problem } from '../support/browserStage.ts';
import { openLivePage } from '../support/livePage.ts';

const FAILED = { outcome: 'failed', statusCode: 502, errorCode: 'origin_refused' } as const;

/** The log holds `stage.log`, the newest first; null: it cannot be read. */
async function openStage(log: readonly RequestLogEntry[] | null = []) {
  const stage = { log };
  const page = await openLivePage(useRecent, () =>
    stage.log === null ? problem(503, 'unavailable') : Response.json({ items: stage.log, next: null }),
  );
  await page.browser.pass(0);
  const paths = () => page.made.requests.value?.map(({ request }) => request.path) ?? null;
  const tell = (...items: RequestLogEntry[]) => page.hub.say({ type: 'requests', items, left: 0 });
  return Object.assign(stage, page, { paths, tell });
}

test('what the log holds and what the hub tells since are one list, each request once', async () => {
  const { paths, tell } = await openStage([endedRequest(2), endedRequest(1)]);
  expect(paths()).toEqual(['/2', '/1']);
  tell(endedRequest(2), endedRequest(3));
  expect(paths()).toEqual(['/3', '/2', '/1']);
});

test('ten are shown, and more are counted', async () => {
  const { made, paths, tell } = await openStage();
  tell(...Array.from({ length: 30 }, (_, n) => endedRequest(n + 1)));
  expect(paths()).toHaveLength(10);
  expect(made.traffic.value).toMatchObject({ count: 30, failed: 0 });
});

test('what the hub tells before the log has answered is not taken for all there is', async () => {
  const { made, tell, browser } = await openStage(null);
  tell(endedRequest(1));
  expect([made.requests.value, made.hasServed.value]).toEqual([null, null]);
  expect(made.error.value).not.toBeNull();
  browser.answer = () => Response.json({ items: [endedRequest(1)], next: null });
  await made.reload();
  await nextTick();
  expect(made.requests.value).toHaveLength(1);
  expect(made.error.value).toBeNull();
});

test('a request has been served once a service has answered one, and that is never unsaid', async () => {
  const { made, tell } = await openStage([endedRequest(1, FAILED)]);
  expect(made.hasServed.value).toBe(false);
  tell(endedRequest(2, { statusCode: 503 }), endedRequest(3, { outcome: 'left', statusCode: null }));
  expect(made.hasServed.value).toBe(false);
  tell(endedRequest(4, { statusCode: 404 }));
  expect(made.hasServed.value).toBe(true);
  tell(endedRequest(5, FAILED));
  expect(made.hasServed.value).toBe(true);
  expect(made.traffic.value).toMatchObject({ failed: 3 });
});

test('what ended while the hub was away is read from the log when it is back, and nothing is counted twice', async () => {
  const stage = await openStage([endedRequest(1)]);
  stage.hub.end();
  stage.log = [endedRequest(3), endedRequest(2), endedRequest(1)];
  await stage.browser.pass(1_000);
  expect(stage.paths()).toEqual(['/1']);
  stage.browser.newest().say(snapshotOf());
  await stage.browser.pass(0);
  expect(stage.paths()).toEqual(['/3', '/2', '/1']);
  expect(stage.made.traffic.value).toMatchObject({ count: 3 });
});
