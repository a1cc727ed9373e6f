// Owns the tests of the request log and the connection log: what becomes a row, what is lost under pressure, and how it ends.

import { expect, test } from 'vitest';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import type { Journal } from '../../../services/agent/store/journal.ts';
import { createRowId } from '../../../services/agent/store/rowId.ts';
import { createMemoryJournal } from '../../../services/agent/store/memoryJournal.ts';
import { MAPPING, RETENTION, ONLINE, OFFLINE, logging, heldJournal } from './requestLogStage.ts';

const OTHER = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f002';

test('a request that has ended is a row within two seconds, from its arrival on, without the query', async () => {
  const { requestLog, finish, pass, requests, clock } = logging();
  requestLog.begin();
  await pass(1_000);
  const endedMs = clock.wallMs();
  finish();
  expect(await requests()).toEqual([]);
  await pass(1_000);
  expect(await requests()).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}$/),
      portMappingId: MAPPING,
      timestamp: new Date(endedMs - 12.345).toISOString(),
      method: 'GET',
      path: '/index.html',
      statusCode: 200,
      durationMs: 12.35,
      firstByteMs: 4.57,
      bytesIn: 1,
      bytesOut: 2,
      outcome: 'complete',
      errorCode: null,
      visitorAddress: '198.51.100.7',
    },
  ]);
});

test('a request that failed has the status that its visitor got, one whose visitor left has none', async () => {
  const { requestLog, finish, pass, requests } = logging();
  requestLog.begin();
  finish({ status: null, outcome: { kind: 'failed', code: 'origin_refused' }, durationMs: 1 });
  finish({ status: null, outcome: { kind: 'left', code: null }, durationMs: 2 });
  finish({ status: 200, outcome: { kind: 'cut', code: 'origin_reset' }, durationMs: 3 });
  await pass(2_000);
  const rows = await requests();
  expect(rows.map(({ statusCode, outcome, errorCode }) => [statusCode, outcome, errorCode])).toEqual([
    [502, 'failed', 'origin_refused'],
    [null, 'left', null],
    [200, 'cut', 'origin_reset'],
  ]);
});

test('a request is told as soon as it has ended, and once: while it waits, while it is written, and afterwards', async () => {
  const { journal, release } = heldJournal();
  const { requestLog, finish, pass } = logging({ journal });
  const told = async () => (await requestLog.readRequests({ limit: 10 })).map(({ path }) => path).toSorted();
  requestLog.begin();
  await pass(0);
  finish({ path: '/a' });
  expect(await told()).toEqual(['/a']);
  await pass(1_000);
  finish({ path: '/b' });
  // The first is under way.
  expect(await told()).toEqual(['/a', '/b']);
  release();
  await pass(0);
  expect(await told()).toEqual(['/a', '/b']);
  await pass(1_000);
  release();
  await pass(0);
  expect(await told()).toEqual(['/a', '/b']);
  expect(await journal.readRequests({ limit: 10 })).toHaveLength(2);
});

test('a request that is written while the log is read is told once', async () => {
  const { journal, release } = heldJournal();
  const { requestLog, finish, pass } = logging({ journal });
  requestLog.begin();
  await pass(0);
  finish();
  await pass(1_000);
  const asked = requestLog.readRequests({ limit: 10 });
  release();
  expect(await asked).toHaveLength(1);
});

test('pages of what is written and of what is not are those of one log, whatever they are asked for', async () => {
  const { journal, release } = heldJournal();
  const { requestLog, bus, finish, pass } = logging({ journal });
  const rows: RequestLogEntry[] = [];
  bus.on('request.logged', ({ row }) => rows.push(row));
  requestLog.begin();
  await pass(0);
  const finishSome = () => {
    for (let n = 0; n < 12; n += 1) {
      // They end in another order than that of their arrival.
      const change = { durationMs: ((n * 5) % 12) * 100, method: n % 2 === 0 ? 'GET' : 'POST' };
      finish({ ...change, path: `/Page/${n % 3}`, status: n % 4 === 0 ? 404 : 200 });
    }
  };
  finishSome();
  await pass(1_000);
  release();
  await pass(500);
  finishSome();
  await pass(1_000);
  // The second dozen is under way, the third waits.
  finishSome();
  const whole = createMemoryJournal({ isOpen: true });
  await whole.append({ requests: rows, connections: [] });
  expect(await journal.readRequests({ limit: 500 })).toHaveLength(12);
  for (const filter of [
    {},
    { method: 'POST' },
    { status: '4xx' },
    { path: 'page/1' },
    { mappingId: OTHER },
  ]) {
    for (let before: string | undefined, pages = 0; pages < 12; pages += 1) {
      const query = { ...filter, before, limit: 5 };
      const page = await requestLog.readRequests(query);
      expect(page).toEqual(await whole.readRequests(query));
      before = page.at(-1)?.id;
      if (before === undefined) break;
    }
  }
});

test('what is no mapping of ours is no row, and a long path is kept in part', async () => {
  const { requestLog, finish, pass, requests } = logging();
  requestLog.begin();
  finish({ mappingId: null });
  finish({ path: `/${'x'.repeat(5_000)}` });
  await pass(2_000);
  expect((await requests()).map(({ path }) => path)).toEqual([`/${'x'.repeat(999)}`]);
});

test('with the request log off no request is noted, a tunnel is', async () => {
  const { requestLog, bus, finish, tell, pass, requests, connections } = logging({ isOn: false });
  const heard: unknown[] = [];
  bus.on('request.logged', (fact) => heard.push(fact));
  requestLog.begin();
  await pass(0);
  finish();
  tell(ONLINE);
  await pass(2_000);
  expect([await requests(), heard]).toEqual([[], []]);
  expect(await connections()).toHaveLength(1);
});

test('a tunnel is one row, without an end while it is online, then with the end and its reason', async () => {
  const { requestLog, tell, pass, connections, clock } = logging();
  requestLog.begin();
  await pass(1_000);
  const connectedAt = new Date(clock.wallMs()).toISOString();
  tell(ONLINE);
  await pass(1_000);
  const row = {
    id: expect.any(String),
    connectedAt,
    disconnectedAt: null,
    disconnectReason: null,
    gatewayVersion: '4.5.6',
    agentVersion: '1.2.3',
  };
  expect(await connections()).toEqual([row]);
  const disconnectedAt = new Date(clock.wallMs()).toISOString();
  tell(OFFLINE);
  await pass(1_000);
  expect(await connections()).toEqual([{ ...row, disconnectedAt, disconnectReason: 'wire_closed' }]);
  tell(ONLINE);
  await pass(1_000);
  expect(await connections()).toHaveLength(2);
});

test('a tunnel that an earlier process has left online has ended by now, its own has not', async () => {
  const { requestLog, journal, tell, pass, connections, clock } = logging();
  const connectedAt = '2025-12-31T23:00:00.000Z';
  const left = {
    id: createRowId(Date.parse(connectedAt)),
    connectedAt,
    disconnectedAt: null,
    disconnectReason: null,
    gatewayVersion: '',
    agentVersion: '',
  };
  await journal.append({ requests: [], connections: [left] });
  tell(ONLINE);
  requestLog.begin();
  await pass(2_000);
  await pass(2_000);
  const ends = (await connections()).map(({ disconnectedAt }) => disconnectedAt);
  expect(ends).toEqual([null, new Date(clock.wallMs() - 4_000).toISOString()]);
});

test('requests stay as long as they are told to, tunnels for a quarter of a year', async () => {
  const asked: Parameters<Journal['prune']>[] = [];
  const prune: Journal['prune'] = (...args) => Promise.resolve(asked.push(args) < 0);
  const { requestLog, pass, clock } = logging({
    journal: { ...createMemoryJournal({ isOpen: true }), prune },
  });
  requestLog.begin();
  await pass(0);
  const connections = { maxAgeMs: 90 * 86_400_000, maxRows: 10_000 };
  expect(asked).toEqual([[{ requests: RETENTION, connections }, clock.wallMs()]]);
});

test('a listener hears each request as it ends; one that throws costs neither the row nor the bus', async () => {
  const { requestLog, bus, finish, pass, requests, busErrors } = logging();
  const heard: string[] = [];
  const leave = bus.on('request.logged', ({ row }) => {
    heard.push(row.path);
    throw new Error('a faulty listener');
  });
  requestLog.begin();
  await pass(0);
  finish({ path: '/one' });
  expect(heard).toEqual(['/one']);
  leave();
  finish({ path: '/two' });
  await pass(1_000);
  expect([heard, busErrors.length]).toEqual([['/one'], 1]);
  expect(await requests()).toHaveLength(2);
});

test('stopped, it writes what waits and hears no more', async () => {
  const { requestLog, finish, tell, pass, requests, connections, clock } = logging();
  requestLog.begin();
  await pass(0);
  tell(ONLINE);
  finish();
  tell(OFFLINE);
  await requestLog.stop();
  finish();
  await pass(60_000);
  expect([await requests(), await connections()]).toMatchObject([
    [{}],
    [{ disconnectReason: 'wire_closed' }],
  ]);
  expect(clock.pending).toBe(0);
});
