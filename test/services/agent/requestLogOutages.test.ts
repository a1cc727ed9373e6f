// Owns the tests of the request log while its journal fails, hangs or refuses: what stays, what is left out, and what it costs.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Journal, LogBatch } from '../../../services/agent/store/journal.ts';
import { createMemoryJournal } from '../../../services/agent/store/memoryJournal.ts';
import { StoreError } from '../../../services/agent/store/store.ts';
import { BATCH_ROWS, DROPPED_AT_ONCE, MAX_WAITING_ROWS } from '../../../services/agent/waitingRows.ts';
import { ONLINE, OFFLINE, logging, heldJournal, settled } from './requestLogStage.ts';

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
