// Owns the tests of the request log and the connection log: what becomes a row, what is lost under pressure, and how it ends.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import type { AnyFact, Fact } from '../../../services/facts.ts';
import type { Journal, LogBatch } from '../../../services/agent/store/journal.ts';
import { createActors } from '../../../services/actors.ts';
import { createBus } from '../../../services/bus.ts';
import { createRequestLog, type RequestLogOptions } from '../../../services/agent/requestLog.ts';
import { createRowId } from '../../../services/agent/store/rowId.ts';
import { createMemoryJournal } from '../../../services/agent/store/memoryJournal.ts';
import { StoreError } from '../../../services/agent/store/store.ts';
import { BATCH_ROWS, DROPPED_AT_ONCE, MAX_WAITING_ROWS } from '../../../services/agent/waitingRows.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { noteLog } from './api/apiStage.ts';

const MAPPING = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f001';
const OTHER = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f002';
const RETENTION = { maxAgeMs: 7 * 86_400_000, maxRows: 100_000 };

const FINISHED: Fact<'relay.finished'> = {
  type: 'relay.finished',
  requestId: 'a',
  mappingId: MAPPING,
  method: 'GET',
  path: '/index.html',
  visitorAddress: '198.51.100.7',
  status: 200,
  outcome: { kind: 'complete', code: null },
  durationMs: 12.345,
  firstByteMs: 4.567,
  bytesIn: 1,
  bytesOut: 2,
};

const ONLINE: Fact<'tunnel.changed'> = {
  type: 'tunnel.changed',
  tunnel: 'connection',
  state: 'online',
  code: null,
  detail: '',
};
const OFFLINE: Fact<'tunnel.changed'> = { ...ONLINE, state: 'offline', code: 'wire_closed' };

/** A journal that is open, unless a test breaks it. */
function logging(options: Partial<RequestLogOptions> = {}) {
  const clock = new SimulatedClock();
  const busErrors: unknown[] = [];
  const bus = createBus((error) => busErrors.push(error));
  const actors = createActors(clock, (_id, error) => {
    throw error;
  });
  onTestFinished(() => actors.stop('journal'));
  const store = { isOpen: true };
  const journal = createMemoryJournal(store);
  const { log, logged } = noteLog();
  const requestLog = createRequestLog({
    actors,
    bus,
    clock,
    journal,
    retention: RETENTION,
    isOn: true,
    agentVersion: '1.2.3',
    gatewayVersion: () => '4.5.6',
    log,
    ...options,
  });
  const tell = (fact: AnyFact) => bus.publish(() => fact);
  return {
    clock,
    bus,
    busErrors,
    actors,
    store,
    journal,
    requestLog,
    logged,
    tell,
    finish: (change: Partial<Fact<'relay.finished'>> = {}) => tell({ ...FINISHED, ...change }),
    /** Lets what was promised happen, and then time pass. */
    pass: async (ms: number) => {
      await settled();
      clock.runFor(ms);
      await settled();
    },
    requests: () => journal.readRequests({ limit: 500 }),
    connections: () => journal.readConnections({ limit: 500 }),
  };
}

/** A journal whose writing never ends, and what it was given. */
function stuckJournal() {
  const given: LogBatch[] = [];
  const journal: Journal = {
    ...createMemoryJournal({ isOpen: true }),
    append: (batch) => {
      given.push(batch);
      return new Promise(() => {});
    },
  };
  return { given, journal };
}

/** A journal whose writing ends when the test says so, and how. */
function heldJournal() {
  const memory = createMemoryJournal({ isOpen: true });
  let under: { batch: LogBatch; end: PromiseWithResolvers<void> } | null = null;
  const journal: Journal = {
    ...memory,
    append: (batch) => {
      under = { batch, end: Promise.withResolvers() };
      return under.end.promise;
    },
  };
  return {
    journal,
    release: () => {
      if (under !== null) under.end.resolve(memory.append(under.batch));
    },
    fail: (error: Error) => under?.end.reject(error),
  };
}

/** Every promise that is kept already has been heard. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

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

test('rows that could not be written are told while they wait again, and are not once they are left out', async () => {
  const { journal, fail } = heldJournal();
  const { requestLog, finish, pass } = logging({ journal });
  requestLog.begin();
  await pass(0);
  finish();
  await pass(1_000);
  fail(new StoreError('unavailable'));
  await pass(0);
  expect(await requestLog.readRequests({ limit: 10 })).toHaveLength(1);
  await pass(1_000);
  fail(new Error('no such column'));
  await pass(0);
  expect(await requestLog.readRequests({ limit: 10 })).toEqual([]);
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

test('rows wait until the store is open', async () => {
  const { requestLog, finish, pass, requests, store } = logging();
  store.isOpen = false;
  finish();
  await pass(60_000);
  store.isOpen = true;
  expect(await requests()).toEqual([]);
  requestLog.begin();
  await pass(2_000);
  await pass(2_000);
  expect(await requests()).toHaveLength(1);
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

test('rows that could not be written are written when the journal is back, the end of a tunnel included', async () => {
  const { requestLog, store, finish, tell, pass, requests, connections, logged } = logging();
  requestLog.begin();
  await pass(0);
  store.isOpen = false;
  finish();
  tell(ONLINE);
  await pass(1_000);
  tell(OFFLINE);
  await pass(1_000);
  await pass(2_000);
  store.isOpen = true;
  await pass(15_000);
  expect(await requests()).toHaveLength(1);
  expect((await connections()).map(({ disconnectReason }) => disconnectReason)).toEqual(['wire_closed']);
  expect(logged.map(({ level, message }) => [level, message])).toEqual([
    ['warn', 'The request log cannot be written now; trying again.'],
    ['info', 'The request log is written again.'],
  ]);
});

test('a tunnel that ends while its beginning fails to be written is written with its end', async () => {
  const { requestLog, store, tell, pass, connections, clock } = logging();
  requestLog.begin();
  await pass(0);
  store.isOpen = false;
  tell(ONLINE);
  clock.runFor(1_000);
  tell(OFFLINE);
  await pass(0);
  store.isOpen = true;
  await pass(15_000);
  expect((await connections()).map(({ disconnectReason }) => disconnectReason)).toEqual(['wire_closed']);
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

test('rows that a journal refuses for what they are do not hold up the others', async () => {
  const whole = createMemoryJournal({ isOpen: true });
  const journal: Journal = {
    ...whole,
    append: (batch) =>
      batch.requests.some(({ path }) => path === '/poison')
        ? Promise.reject(new TypeError('cannot be stored'))
        : whole.append(batch),
  };
  const { requestLog, finish, pass, logged } = logging({ journal });
  requestLog.begin();
  await pass(0);
  finish({ path: '/poison' });
  await pass(1_000);
  finish({ path: '/fine' });
  await pass(1_000);
  expect((await whole.readRequests({ limit: 10 })).map(({ path }) => path)).toEqual(['/fine']);
  expect(requestLog.droppedRows).toBe(1);
  expect(logged[0]).toMatchObject({ level: 'error' });
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

test('a million requests with a journal that hangs leave memory flat, the oldest out, and all of that counted', async () => {
  const { journal, given } = stuckJournal();
  const { requestLog, finish, tell, pass } = logging({ journal });
  requestLog.begin();
  await pass(0);
  tell(ONLINE);
  for (let count = 0; count < 2 * MAX_WAITING_ROWS; count += 1) finish();
  await settled();
  const before = heapBytes();
  const count = 1_000_000;
  for (let index = 0; index < count; index += 1) finish({ path: `/a/path/of/its/own/${index}` });
  expect(heapBytes() - before).toBeLessThan(20 * 1024 * 1024);
  expect(given).toHaveLength(1);
  const kept = count + 2 * MAX_WAITING_ROWS - BATCH_ROWS - requestLog.droppedRows;
  expect(kept).toBeGreaterThan(0.9 * MAX_WAITING_ROWS);
  expect(kept).toBeLessThanOrEqual(MAX_WAITING_ROWS);
}, 60_000);

test('when there is no room, the newest requests and every tunnel stay', async () => {
  const { requestLog, journal, store, finish, tell, pass, connections } = logging();
  requestLog.begin();
  await pass(0);
  store.isOpen = false;
  tell(ONLINE);
  finish({ path: '/oldest' });
  for (let index = 1; index < MAX_WAITING_ROWS; index += 1) finish();
  finish({ path: '/newest' });
  await pass(0);
  store.isOpen = true;
  for (let batches = 0; batches <= MAX_WAITING_ROWS / BATCH_ROWS; batches += 1) await pass(15_000);
  expect(requestLog.droppedRows).toBe(DROPPED_AT_ONCE);
  expect(await journal.readRequests({ limit: 1, path: '/oldest' })).toEqual([]);
  expect(await journal.readRequests({ limit: 1, path: '/newest' })).toHaveLength(1);
  expect(await connections()).toHaveLength(1);
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

test('a journal that hangs does not keep it from stopping', async () => {
  const { requestLog, finish, pass, clock } = logging({ journal: stuckJournal().journal });
  requestLog.begin();
  await pass(0);
  finish();
  await pass(1_000);
  const stopped = requestLog.stop();
  clock.runFor(10_000);
  await stopped;
  expect(clock.pending).toBe(0);
});

test('a journal that fails for the same reason again and again is one line', async () => {
  const { requestLog, logged, pass, finish } = logging({
    journal: {
      ...createMemoryJournal({ isOpen: true }),
      append: () => Promise.reject(new StoreError('unavailable', 'disk full')),
    },
  });
  requestLog.begin();
  await pass(0);
  finish();
  await pass(1_000);
  await pass(1_000);
  await pass(2_000);
  expect(logged).toEqual([
    {
      level: 'warn',
      fields: { code: 'unavailable', reason: expect.stringContaining('disk full') },
      message: 'The request log cannot be written now; trying again.',
    },
  ]);
});

/** What is alive on the heap right now. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}
