// Owns the tests of who may watch the live hub, for how long, and what becomes of those who do not behave.

import { get, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { HUB_BEAT_MS } from '../../../protocol/api/hub.ts';
import { problemSchema } from '../../../protocol/api/problem.ts';
import { ProblemError } from '../../../services/agent/api/problems.ts';
import { MAX_HUB_CLIENTS } from '../../../services/agent/hub.ts';
import { until } from '../../support/rig.ts';
import { STATUS, openHub, watch } from './hubStage.ts';

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
