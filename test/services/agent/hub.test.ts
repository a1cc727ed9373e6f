// Owns the tests of the live hub, over real WebSockets and with a clock of the test's own.

import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { BehaviorSubject, defer, ReplaySubject } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { HUB_BEAT_MS, hubMessageSchema, type HubMessage } from '../../../protocol/api/hub.ts';
import { problemSchema } from '../../../protocol/api/problem.ts';
import { ProblemError } from '../../../services/agent/api/problems.ts';
import { refuseForeignOrigin } from '../../../services/agent/api/sameOrigin.ts';
import { createHub, MAX_HUB_CLIENTS, type HubOptions } from '../../../services/agent/hub.ts';
import { MAX_TOLD_REQUESTS, MESSAGE_GAP_MS } from '../../../services/agent/hubClient.ts';
import type { HubLevels } from '../../../services/agent/hubLevels.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { endedRequest, liveStatus } from '../../support/hubTells.ts';
import { until } from '../../support/rig.ts';

const ID = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f001';
const OTHER_ID = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f002';

const STATUS = liveStatus();
const ROW = endedRequest(1);

async function openHub(options: Partial<HubOptions> = {}) {
  const clock = new SimulatedClock();
  const levels = {
    status: new BehaviorSubject<HubLevels['status']>(STATUS),
    machines: new BehaviorSubject<HubLevels['machines']>([]),
    routes: new BehaviorSubject<HubLevels['routes']>({ [ID]: { state: 'pending' } }),
    edition: new BehaviorSubject<HubLevels['edition']>(1),
  };
  const listeners = new Set<(row: RequestLogEntry) => void>();
  const errors: object[] = [];
  const hub = createHub({
    levels,
    onRequest: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    allowedHosts: [],
    authenticate: refuseForeignOrigin,
    isStillLoggedIn: () => true,
    clock,
    log: { debug: () => {}, error: (fields) => errors.push(fields) },
    ...options,
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => hub.upgrade(request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const { port } = address;
  onTestFinished(async () => {
    const closed = hub.close();
    clock.runFor(1_000);
    await closed;
    server.close();
  });
  return {
    hub,
    port,
    clock,
    levels,
    errors,
    listeners,
    finish: (change: Partial<RequestLogEntry> = {}) => {
      for (const tell of listeners) tell({ ...ROW, ...change });
    },
    watch: (socketOptions: ClientOptions = {}) => watch(port, socketOptions),
    /** The next message may go. */
    passGap: () => clock.runFor(MESSAGE_GAP_MS),
  };
}

/** A client that has its connection. */
async function watch(port: number, options: ClientOptions = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/hub/status`, options);
  const messages: HubMessage[] = [];
  let code = 0;
  socket.on('message', (data: Buffer) => messages.push(hubMessageSchema.parse(JSON.parse(data.toString()))));
  socket.on('close', (closeCode) => (code = closeCode));
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return {
    socket,
    messages,
    code: () => code,
    has: (count: number) => until(`there are ${count} messages`, () => messages.length >= count),
    isGone: () => until('the client is gone', () => socket.readyState === WebSocket.CLOSED),
    /** Everything that the hub has sent is here. */
    settle: async () => {
      const answered = once(socket, 'pong');
      socket.ping();
      await answered;
    },
  };
}

/** The answer to an upgrade that is refused. */
async function refusal(port: number, headers: Record<string, string> = {}, path = '/hub/status') {
  const asked = get({
    host: '127.0.0.1',
    port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-version': '13',
      ...headers,
    },
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('upgrade', () => reject(new Error('it was let in')));
    asked.on('error', reject);
  });
  let text = '';
  for await (const part of response) text += String(part);
  return { status: response.statusCode, problem: problemSchema.parse(JSON.parse(text)) };
}

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

test('a watcher who does not read is dropped, and the others hear on', async () => {
  const { watch, levels, passGap } = await openHub();
  const [slow, quick] = [await watch(), await watch()];
  await Promise.all([slow.has(1), quick.has(1)]);
  slow.socket.pause();
  const large = 'x'.repeat(1024 * 1024);
  let edition = 1;
  await until('the slow one is dropped', async () => {
    passGap();
    edition += 1;
    levels.edition.next(edition);
    levels.status.next({ ...STATUS, agentName: `${edition}${large}` });
    await quick.settle();
    // Its end is noticed only by reading: what the system still holds for it comes first.
    if (edition === 40) slow.socket.resume();
    return slow.socket.readyState === WebSocket.CLOSED;
  });
  expect(slow.code()).toBe(1006);
  expect(slow.messages.length).toBeLessThan(30);
  expect(quick.messages.length).toBeGreaterThan(38);
});

test('a watcher who does not answer pings is dropped', async () => {
  const { watch, clock } = await openHub();
  const { has, isGone, code } = await watch({ autoPong: false });
  await has(1);
  clock.runFor(2 * HUB_BEAT_MS);
  await isGone();
  expect(code()).toBe(1006);
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

test('whoever is logged out is sent away at the next ping', async () => {
  let isStillLoggedIn = true;
  const { watch, clock } = await openHub({ isStillLoggedIn: () => isStillLoggedIn });
  const { has, isGone, code } = await watch();
  await has(1);
  isStillLoggedIn = false;
  clock.runFor(HUB_BEAT_MS);
  await isGone();
  expect(code()).toBe(1008);
});

test('a logout ends at once what was watched by that login, and nothing else', async () => {
  const { hub, watch, levels, passGap } = await openHub({
    isStillLoggedIn: ({ headers }) => headers.authorization !== 'Bearer ended',
  });
  const [ended, other] = [
    await watch({ headers: { authorization: 'Bearer ended' } }),
    await watch({ headers: { authorization: 'Bearer other' } }),
  ];
  await Promise.all([ended.has(1), other.has(1)]);
  hub.onLogout();
  await ended.isGone();
  expect(ended.code()).toBe(1008);
  passGap();
  levels.edition.next(2);
  await other.has(2);
});

test('what a watcher says is ignored; who says too much, or too long, is dropped', async () => {
  const { watch, levels, passGap } = await openHub();
  const polite = await watch();
  await polite.has(1);
  polite.socket.send('{"type":"snapshot"}');
  await polite.settle();
  passGap();
  levels.edition.next(2);
  await polite.has(2);

  const flood = await watch();
  for (let count = 0; count <= 100; count += 1) flood.socket.send('more');
  await flood.isGone();

  const long = await watch();
  long.socket.send('x'.repeat(2_000));
  await long.isGone();
  expect([polite.code(), flood.code(), long.code()]).toEqual([0, 1006, 1009]);
});

test.each([
  [403, 'foreign_origin', { origin: 'https://evil.example.com' }],
  [403, 'foreign_origin', { origin: 'null' }],
  [403, 'foreign_origin', { 'sec-fetch-site': 'cross-site' }],
  [421, 'unknown_name', { host: 'evil.example.com' }],
  [400, 'malformed', { host: ':80' }],
] as const)('with %i %s an upgrade with %o is refused', async (status, code, headers) => {
  const { port } = await openHub();
  expect(await refusal(port, headers)).toMatchObject({ status, problem: { status, code } });
});

test('who is not logged in, asks elsewhere, or meets a fault of ours, is told in a problem document', async () => {
  const { port, errors } = await openHub({
    authenticate: ({ headers }) => {
      if (headers.authorization === undefined) throw new ProblemError('unauthenticated');
      throw new TypeError('a fault');
    },
  });
  expect(await refusal(port)).toMatchObject({ status: 401, problem: { code: 'unauthenticated' } });
  expect(errors).toEqual([]);
  expect(await refusal(port, {}, '/hub/other')).toMatchObject({
    status: 404,
    problem: { code: 'not_found' },
  });
  expect(await refusal(port, {}, 'http://evil.example.com/hub/status')).toMatchObject({
    status: 400,
    problem: { code: 'malformed' },
  });
  const failed = await refusal(port, { authorization: 'Bearer x' });
  expect(failed).toMatchObject({ status: 500, problem: { code: 'internal' } });
  expect(JSON.stringify(failed)).not.toContain('a fault');
  expect(errors).toHaveLength(1);
});

test('a handshake that is none is told so in a problem document', async () => {
  const { port } = await openHub();
  const headers = { authorization: 'Bearer x', 'sec-websocket-key': 'none' };
  expect(await refusal(port, headers)).toMatchObject({ status: 400, problem: { code: 'malformed' } });
});

test('a host that is allowed by name, and our own pages, get in', async () => {
  const { port } = await openHub({ allowedHosts: ['nas.example.com'] });
  const headers = { host: `nas.example.com:${port}`, origin: `http://nas.example.com:${port}` };
  const { has } = await watch(port, { headers });
  await has(1);
});

test('so many may watch and no more, until one leaves', async () => {
  const { port, watch, levels } = await openHub();
  const watchers = await Promise.all(Array.from({ length: MAX_HUB_CLIENTS }, () => watch()));
  expect(await refusal(port)).toMatchObject({ status: 429, problem: { code: 'too_many' } });
  watchers[0]?.socket.close();
  await watchers[0]?.isGone();
  const { has } = await watch();
  await has(1);
  expect(levels.status.observed).toBe(true);
});

test('closed, it sends everybody away, drops who does not leave, and leaves nothing behind', async () => {
  const { hub, port, watch, clock } = await openHub();
  const [polite, deaf] = [await watch(), await watch()];
  await Promise.all([polite.has(1), deaf.has(1)]);
  deaf.socket.pause();
  const closed = hub.close();
  await polite.isGone();
  expect(polite.code()).toBe(1001);
  clock.runFor(1_000);
  await closed;
  expect(clock.pending).toBe(0);
  expect(await refusal(port)).toMatchObject({ status: 429 });
});

test('closed with nobody there, it takes nobody any more', async () => {
  const { hub, port, clock } = await openHub();
  await hub.close();
  expect(await refusal(port)).toMatchObject({ status: 429 });
  expect(clock.pending).toBe(0);
});
