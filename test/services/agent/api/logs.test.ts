// Owns the tests of the logs over HTTP.

import { expect, test } from 'vitest';
import type { ConnectionLogEntry, RequestLogEntry } from '../../../../protocol/api/logs.ts';
import { logRoutes, READ_PATIENCE_MS } from '../../../../services/agent/api/logs.ts';
import { systemClock } from '../../../../services/clock.ts';
import { createMemoryJournal } from '../../../../services/agent/store/memoryJournal.ts';
import { openApi } from './apiStage.ts';

const MAPPING = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f001';
const OTHER_MAPPING = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f002';

/** The third is the newest. */
const REQUESTS = [
  request(1, { portMappingId: OTHER_MAPPING }),
  request(2, { method: 'POST', statusCode: 502, outcome: 'failed', errorCode: 'origin_refused' }),
  request(3, { path: '/about', statusCode: null, outcome: 'left' }),
];
const CONNECTIONS = [connection(1, '2026-01-01T00:00:02.000Z'), connection(2, null)];

async function asking() {
  const store = { isOpen: true };
  const journal = createMemoryJournal(store);
  await journal.append({ requests: REQUESTS, connections: CONNECTIONS });
  const { ask } = await openApi({
    guarded: [logRoutes({ requestLog: journal, journal, clock: systemClock })],
  });
  return { ask, store };
}

test.each([
  ['', [3, 2, 1]],
  [`?mappingId=${MAPPING}`, [3, 2]],
  [`?mappingId=${MAPPING.toUpperCase()}`, [3, 2]],
  [`?before=${REQUESTS[1]?.id.toUpperCase()}`, [1]],
  ['?method=post', [2]],
  ['?status=502', [2]],
  ['?status=2xx', [1]],
  ['?path=ABOUT', [3]],
  ['?limit=2', [3, 2]],
  [`?before=${REQUESTS[1]?.id}`, [1]],
  ['?before=00000000-0000-0000-0000-000000000000', []],
])('requests%s are told the newest first', async (query, wanted) => {
  const { ask } = await asking();
  const answer = await ask('GET', `/api/v1/requests${query}`);
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({ items: wanted.map((number) => REQUESTS[number - 1]) });
});

test.each([
  ['', [2, 1]],
  ['?limit=1', [2]],
  [`?before=${CONNECTIONS[1]?.id}`, [1]],
  ['?since=2026-01-01T00:00:01.000Z', [2, 1]],
  ['?since=2026-01-01T00:00:02.000Z', [2]],
])('connections%s are told the newest first', async (query, wanted) => {
  const { ask } = await asking();
  const answer = await ask('GET', `/api/v1/connections${query}`);
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({ items: wanted.map((number) => CONNECTIONS[number - 1]) });
});

test.each([
  ['/api/v1/requests?mappingId=mine', 'mappingId', 'Enter the id of a mapping.'],
  ['/api/v1/requests?status=6x', 'status', 'Enter a status such as 404, or a class such as 5xx.'],
  ['/api/v1/requests?before=yesterday', 'before', 'Enter the id of the last entry of the page before.'],
  ['/api/v1/requests?limit=501', 'limit', 'Enter a whole number from 1 to 500.'],
  ['/api/v1/connections?before=1', 'before', 'Enter the id of the last entry of the page before.'],
  [
    '/api/v1/connections?since=yesterday',
    'since',
    'Enter a UTC time with milliseconds, such as 2026-01-31T12:00:00.000Z.',
  ],
  ['/api/v1/connections?limit=0', 'limit', 'Enter a whole number from 1 to 500.'],
])('%s is refused by its field', async (path, field, message) => {
  const { ask } = await asking();
  const answer = await ask('GET', path);
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({ code: 'invalid', errors: [{ field, message }] });
});

test.each(['/api/v1/requests', '/api/v1/connections'])(
  'while the database is away, %s says so and when to come again',
  async (path) => {
    const { ask, store } = await asking();
    store.isOpen = false;
    const answer = await ask('GET', path);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json).toMatchObject({ code: 'unavailable' });
  },
);

test.each(['/api/v1/requests', '/api/v1/connections'])(
  'while the database hangs, %s is not waited for beyond its patience',
  async (path) => {
    const waits: number[] = [];
    const clock = {
      setTimer: (delayMs: number, onDue: () => void) => {
        waits.push(delayMs);
        return systemClock.setTimer(0, onDue);
      },
    };
    const hangs = () => new Promise<never>(() => {});
    const journal = { readRequests: hangs, readConnections: hangs };
    const { ask } = await openApi({ guarded: [logRoutes({ requestLog: journal, journal, clock })] });
    const answer = await ask('GET', path);
    expect([answer.status, waits]).toEqual([503, [READ_PATIENCE_MS]]);
    expect(answer.json).toMatchObject({ code: 'unavailable' });
  },
);

test.each(['/api/v1/requests', '/api/v1/connections'])('%s can only be read', async (path) => {
  const { ask } = await asking();
  const answer = await ask('DELETE', path);
  expect([answer.status, answer.headers.allow]).toEqual([405, 'HEAD, GET']);
});

function request(number: number, change: Partial<RequestLogEntry>): RequestLogEntry {
  return {
    id: `00000000-0000-4000-8000-00000000000${number}`,
    portMappingId: MAPPING,
    timestamp: `2026-01-01T00:00:0${number}.000Z`,
    method: 'GET',
    path: '/',
    statusCode: 200,
    durationMs: 1.5,
    firstByteMs: 0.5,
    bytesIn: 0,
    bytesOut: 10,
    outcome: 'complete',
    errorCode: null,
    visitorAddress: '198.51.100.7',
    ...change,
  };
}

function connection(number: number, disconnectedAt: string | null): ConnectionLogEntry {
  return {
    id: `10000000-0000-4000-8000-00000000000${number}`,
    connectedAt: `2026-01-01T00:00:0${number}.000Z`,
    disconnectedAt,
    disconnectReason: disconnectedAt === null ? null : 'wire_closed',
    gatewayVersion: '1.0.0',
    agentVersion: '1.0.0',
  };
}
