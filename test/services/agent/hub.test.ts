// Owns the tests of what the live hub tells, over real WebSockets and with a clock of the test's own.

import { once } from 'node:events';
import { BehaviorSubject, defer, ReplaySubject } from 'rxjs';
import { expect, test } from 'vitest';
import { HUB_BEAT_MS } from '../../../protocol/api/hub.ts';
import { MAX_TOLD_REQUESTS } from '../../../services/agent/hubClient.ts';
import { until } from '../../support/rig.ts';
import { ID, ROW, STATUS, openHub } from './hubStage.ts';

const OTHER_ID = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f002';

test('a watcher hears first how everything stands', async () => {
  const { watch } = await openHub();
  const { messages, has } = await watch();
  await has(1);
  expect(messages).toEqual([
    {
      type: 'snapshot',
      now: '2026-01-01T00:00:00.000Z',
      status: STATUS,
      machines: [],
      routes: { [ID]: { state: 'pending' } },
      edition: 1,
    },
  ]);
});

test('it hears at once what has moved, and nothing else', async () => {
  const { watch, levels, passGap } = await openHub();
  const { messages, has } = await watch();
  await has(1);
  passGap();
  levels.routes.next({ [ID]: { state: 'pending' }, [OTHER_ID]: { state: 'offline' } });
  await has(2);
  passGap();
  levels.routes.next({ [OTHER_ID]: { state: 'offline' } });
  await has(3);
  passGap();
  levels.edition.next(2);
  await has(4);
  expect(messages.slice(1)).toEqual([
    { type: 'change', routes: { [OTHER_ID]: { state: 'offline' } } },
    { type: 'change', routes: { [ID]: null } },
    { type: 'change', edition: 2 },
  ]);
});

test('it hears of a certificate that has moved, with its whole route', async () => {
  const { watch, levels, passGap } = await openHub();
  const { messages, has } = await watch();
  await has(1);
  const steps = [
    { state: 'pending' },
    { state: 'failed', reason: 'No address.' },
    { state: 'failed', reason: 'Closed.' },
    { state: 'issued', expiresAt: '2026-02-01T00:00:00.000Z' },
    { state: 'issued', expiresAt: '2026-03-01T00:00:00.000Z' },
  ] as const;
  for (const [at, certificate] of steps.entries()) {
    passGap();
    levels.routes.next({ [ID]: { state: 'active', certificate } });
    levels.routes.next({ [ID]: { state: 'active', certificate: { ...certificate } } });
    await has(at + 2);
  }
  expect(messages.slice(1)).toEqual(
    steps.map((certificate) => ({ type: 'change', routes: { [ID]: { state: 'active', certificate } } })),
  );
});

test('a level that is told again as it was is no message', async () => {
  const { watch, levels, passGap } = await openHub();
  const { messages, has, settle } = await watch();
  await has(1);
  passGap();
  levels.status.next(STATUS);
  levels.routes.next({ [ID]: { state: 'pending' } });
  await settle();
  expect(messages).toHaveLength(1);
});

test('whatever happens, it hears no more than ten messages a second, the last of them the newest', async () => {
  const { watch, levels, finish, clock } = await openHub();
  const { messages, has, settle } = await watch();
  await has(1);
  for (let tick = 1; tick <= 1_000; tick += 1) {
    levels.edition.next(tick + 1);
    finish({ path: `/${tick}` });
    clock.runFor(1);
  }
  await settle();
  expect(messages.length).toBeLessThanOrEqual(11);
  expect(messages.length).toBeGreaterThanOrEqual(10);
  clock.runFor(1_000);
  await settle();
  const editions = messages.flatMap((message) => (message.type === 'change' ? [message.edition] : []));
  expect(editions.at(-1)).toBe(1_001);
});

test('requests that have ended are told by themselves, the newest of many, and how many were left out', async () => {
  const { watch, finish, passGap } = await openHub();
  const { messages, has } = await watch();
  await has(1);
  passGap();
  finish({ path: '/first' });
  await has(2);
  expect(messages[1]).toEqual({ type: 'requests', items: [{ ...ROW, path: '/first' }], left: 0 });
  for (let index = 1; index <= MAX_TOLD_REQUESTS + 7; index += 1) finish({ path: `/${index}` });
  passGap();
  await has(3);
  expect(messages[2]).toMatchObject({ type: 'requests', left: 7, items: { length: MAX_TOLD_REQUESTS } });
  expect(messages[2]).toMatchObject({ items: expect.arrayContaining([{ ...ROW, path: '/57' }]) });
});

test('levels are followed only while somebody watches', async () => {
  const { watch, levels, listeners, clock } = await openHub();
  const isFollowed = () => [levels.status.observed, listeners.size, clock.pending > 0];
  expect(isFollowed()).toEqual([false, 0, false]);
  const one = await watch();
  const other = await watch();
  await Promise.all([one.has(1), other.has(1)]);
  expect(isFollowed()).toEqual([true, 1, true]);
  one.socket.close();
  await one.isGone();
  expect(isFollowed()).toEqual([true, 1, true]);
  other.socket.close();
  await until('nobody is followed', () => !levels.status.observed);
  expect(isFollowed()).toEqual([false, 0, false]);
});

test('a watcher who comes before a level is known hears the snapshot when it is', async () => {
  const edition = new ReplaySubject<number>(1);
  const { levels } = await openHub();
  const { watch } = await openHub({ levels: { ...levels, edition } });
  const { messages, has, settle } = await watch();
  levels.status.next({ ...STATUS, relays: 1 });
  await settle();
  expect(messages).toEqual([]);
  edition.next(7);
  await has(1);
  expect(messages).toMatchObject([{ type: 'snapshot', edition: 7, status: { relays: 1 } }]);
});

test('when a level fails everybody is sent away, and who comes again hears how everything stands', async () => {
  let edition = new BehaviorSubject(1);
  const { levels } = await openHub();
  const failing = await openHub({ levels: { ...levels, edition: defer(() => edition) } });
  const [one, other] = [await failing.watch(), await failing.watch()];
  await Promise.all([one.has(1), other.has(1)]);
  edition.error(new Error('a fault'));
  await Promise.all([one.isGone(), other.isGone()]);
  expect([one.code(), other.code(), failing.errors.length]).toEqual([1011, 1011, 1]);
  await until('nobody watches', () => failing.hub.count === 0 && failing.clock.pending === 0);
  expect([levels.status.observed, failing.listeners.size]).toEqual([false, 0]);

  // Broken from the first, this time.
  const early = await failing.watch();
  await early.isGone();
  expect([early.code(), failing.listeners.size]).toEqual([1011, 0]);
  edition = new BehaviorSubject(7);
  const again = await failing.watch();
  await again.has(1);
  expect(again.messages).toMatchObject([{ type: 'snapshot', edition: 7 }]);
});

test('a watcher who answers them stays, and hears the time with each: browsers show no ping to a page', async () => {
  const { watch, clock, levels, passGap } = await openHub();
  const { socket, messages, has, settle } = await watch();
  await has(1);
  for (let pings = 1; pings <= 5; pings += 1) {
    const pinged = once(socket, 'ping');
    clock.runFor(HUB_BEAT_MS);
    await pinged;
    await settle();
  }
  passGap();
  levels.edition.next(2);
  await has(7);
  expect(messages.slice(1)).toEqual([
    ...[10, 20, 30, 40, 50].map((second) => ({ type: 'time', now: `2026-01-01T00:00:${second}.000Z` })),
    { type: 'change', edition: 2 },
  ]);
});

test('who has heard no snapshot yet hears no time', async () => {
  const { levels } = await openHub();
  const { watch, clock } = await openHub({ levels: { ...levels, edition: new ReplaySubject<number>(1) } });
  const { messages, settle } = await watch();
  clock.runFor(HUB_BEAT_MS);
  await settle();
  expect(messages).toEqual([]);
});
