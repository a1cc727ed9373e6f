// What every journal promises, whatever it keeps its entries in.

import { randomUUID } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { requestQuerySchema, type RequestLogEntry, type RequestQuery } from '../../../protocol/api/logs.ts';
import {
  PRUNED_ROWS,
  type Journal,
  type LogRetention,
  type LogRetentions,
  type RequestTiming,
} from '../../../services/agent/store/journal.ts';
import type { Store } from '../../../services/agent/store/store.ts';
import { expectStoreError } from './contract.ts';
import { connection, instant, request, START_MS } from './entries.ts';

const OTHER_MAPPING = '00000000-0000-4000-8000-000000000002';
const KEEP_ALL = { maxAgeMs: 86_400_000, maxRows: 1_000_000 };

/** The same for requests and connections. */
function ofBoth(retention: LogRetention): LogRetentions {
  return { requests: retention, connections: retention };
}

/** Runs the suite; `createEmpty` makes a closed store with its journal and cleans up after the test. */
export function describeJournalContract(
  name: string,
  createEmpty: () => { readonly store: Store; readonly journal: Journal },
): void {
  describe(`the ${name} journal`, () => {
    async function openEmpty(): Promise<Journal> {
      const { store, journal } = createEmpty();
      await store.open();
      return journal;
    }

    it('is unavailable while its store is closed, and keeps its entries', async () => {
      const { store, journal } = createEmpty();
      await expectStoreError(journal.readRequests(query()), 'unavailable');
      await store.open();
      const entry = request();
      await journal.append({ requests: [entry], connections: [] });
      await store.close();
      await expectStoreError(journal.append({ requests: [request()], connections: [] }), 'unavailable');
      await expectStoreError(journal.prune(ofBoth(KEEP_ALL), START_MS), 'unavailable');
      await store.open();
      expect(await journal.readRequests(query())).toEqual([entry]);
    });

    it('keeps every field as it was given', async () => {
      const journal = await openEmpty();
      const requests = [
        request({
          timestamp: instant(2),
          method: 'PROPFIND',
          path: `/Größe/"';--$1:x?[]{}\\/😀${'x'.repeat(16_000)}`,
          statusCode: null,
          durationMs: 0.001,
          firstByteMs: null,
          bytesIn: Number.MAX_SAFE_INTEGER,
          bytesOut: 0,
          outcome: 'cut',
          errorCode: 'origin_unreachable',
          visitorAddress: '2001:db8::1',
        }),
        request({ timestamp: instant(1) }),
      ];
      const connections = [
        connection({ connectedAt: instant(5) }),
        connection({ disconnectedAt: instant(4), disconnectReason: 'x'.repeat(1000) }),
      ];
      await journal.append({ requests, connections });
      expect(await journal.readRequests(query())).toEqual(requests);
      expect(await journal.readConnections({ limit: 10 })).toEqual(connections);
    });

    it('takes an empty batch', async () => {
      const journal = await openEmpty();
      await journal.append({ requests: [], connections: [] });
      expect(await journal.readRequests(query())).toEqual([]);
      expect(await journal.readConnections({ limit: 10 })).toEqual([]);
    });

    it('leaves the requests it has as they are when a batch is given again', async () => {
      const journal = await openEmpty();
      const first = request({ timestamp: instant(1) });
      const second = request({ timestamp: instant(2) });
      await journal.append({ requests: [first], connections: [] });
      await journal.append({ requests: [{ ...first, path: '/other' }, second], connections: [] });
      expect(await journal.readRequests(query())).toEqual([second, first]);
    });

    it('replaces a connection by its later state, in one batch as well', async () => {
      const journal = await openEmpty();
      const online = connection();
      const ended = { ...online, disconnectedAt: instant(9), disconnectReason: 'heartbeat_lost' };
      await journal.append({ requests: [], connections: [online] });
      expect(await journal.readConnections({ limit: 10 })).toEqual([online]);
      await journal.append({ requests: [], connections: [ended] });
      expect(await journal.readConnections({ limit: 10 })).toEqual([ended]);

      const brief = connection({ connectedAt: instant(10) });
      const over = { ...brief, disconnectedAt: instant(11) };
      await journal.append({ requests: [], connections: [brief, over] });
      expect(await journal.readConnections({ limit: 10 })).toEqual([over, ended]);
    });

    it('reads the newest first, page by page, each entry once, even when many came at one time', async () => {
      const journal = await openEmpty();
      const requests = Array.from({ length: 25 }, (_, index) =>
        request({ timestamp: instant(Math.floor(index / 10)) }),
      );
      await journal.append({ requests, connections: [] });
      const pages = [];
      for (let before: string | undefined; ;) {
        const page = await journal.readRequests(query({ limit: 4, before }));
        if (page.length === 0) break;
        pages.push(page);
        before = page.at(-1)?.id;
      }
      expect(pages.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 4, 1]);
      const read = pages.flat();
      expect(read.map(({ timestamp }) => timestamp)).toEqual(
        requests.map(({ timestamp }) => timestamp).reverse(),
      );
      expect(new Set(read.map(({ id }) => id)).size).toBe(25);
    });

    it('reads connections page by page', async () => {
      const journal = await openEmpty();
      const connections = [3, 2, 2, 1].map((ms) => connection({ connectedAt: instant(ms) }));
      await journal.append({ requests: [], connections });
      const first = await journal.readConnections({ limit: 2 });
      const rest = await journal.readConnections({ limit: 10, before: first.at(-1)?.id });
      expect([...first, ...rest].map(({ connectedAt }) => connectedAt)).toEqual([3, 2, 2, 1].map(instant));
      expect(new Set([...first, ...rest].map(({ id }) => id)).size).toBe(4);
    });

    it('leaves out connections that had ended by a time, page by page', async () => {
      const journal = await openEmpty();
      const [ended, atOnce, later, online] = [
        connection({ connectedAt: instant(1), disconnectedAt: instant(9) }),
        connection({ connectedAt: instant(2), disconnectedAt: instant(10) }),
        connection({ connectedAt: instant(3), disconnectedAt: instant(11) }),
        connection({ connectedAt: instant(4) }),
      ];
      await journal.append({ requests: [], connections: [ended, atOnce, later, online] });
      const since = instant(10);
      expect(await journal.readConnections({ since, limit: 10 })).toEqual([online, later]);
      expect(await journal.readConnections({ since, limit: 1 })).toEqual([online]);
      expect(await journal.readConnections({ since, limit: 10, before: online.id })).toEqual([later]);
      expect(await journal.readConnections({ since: instant(8), limit: 10 })).toHaveLength(4);
    });

    it('goes on after an entry that is gone by now', async () => {
      const journal = await openEmpty();
      const [older, gone, newer] = [1, 2, 3].map((ms) => request({ timestamp: instant(ms) }));
      const [olderEnd, goneEnd] = [1, 2].map((ms) => connection({ connectedAt: instant(ms) }));
      if (!older || !gone || !newer || !olderEnd || !goneEnd) throw new Error('five entries');
      await journal.append({ requests: [older, newer], connections: [olderEnd] });
      expect(await journal.readRequests(query({ before: gone.id }))).toEqual([older]);
      expect(await journal.readConnections({ limit: 10, before: goneEnd.id })).toEqual([olderEnd]);
    });

    it('finds requests by mapping, method and status, and all of them together', async () => {
      const journal = await openEmpty();
      const plain = request({ timestamp: instant(6) });
      const posted = request({ timestamp: instant(5), method: 'POST', statusCode: 503 });
      const other = request({ timestamp: instant(4), portMappingId: OTHER_MAPPING, statusCode: 500 });
      const missing = request({ timestamp: instant(3), statusCode: 404 });
      const unanswered = request({ timestamp: instant(2), statusCode: null });
      await journal.append({ requests: [plain, posted, other, missing, unanswered], connections: [] });
      const found = (fields: Record<string, unknown>) => journal.readRequests(query(fields));
      expect(await found({ mappingId: OTHER_MAPPING })).toEqual([other]);
      expect(await found({ mappingId: randomUUID() })).toEqual([]);
      expect(await found({ method: 'post' })).toEqual([posted]);
      expect(await found({ status: '404' })).toEqual([missing]);
      expect(await found({ status: '5xx' })).toEqual([posted, other]);
      expect(await found({ status: '5xx', mappingId: OTHER_MAPPING, method: 'GET' })).toEqual([other]);
      expect(await found({ status: '5xx', before: posted.id })).toEqual([other]);
    });

    it('finds a part of the path as it is written, wildcards and quotes among it, in any case', async () => {
      const journal = await openEmpty();
      const paths = ['/a%b', '/a_b', '/a[b]', "/it's", '/a!b', '/aXb', '/a\\b'];
      const requests = paths.map((path, index) => request({ path, timestamp: instant(-index) }));
      await journal.append({ requests, connections: [] });
      for (const [part, found] of [
        ['a%b', ['/a%b']],
        ['a_b', ['/a_b']],
        ['a[b]', ['/a[b]']],
        ["t's", ["/it's"]],
        ['a!b', ['/a!b']],
        ['\\', ['/a\\b']],
        ['/AxB', ['/aXb']],
        ['/', paths],
        ['b/', []],
      ] as const) {
        const page = await journal.readRequests(query({ path: part }));
        expect([part, page.map(({ path }) => path)]).toEqual([part, found]);
      }
    });

    it('tells the timings of requests, the newest first, within their bounds', async () => {
      const journal = await openEmpty();
      const oldest = request({ timestamp: instant(-1) });
      const cut = request({ timestamp: instant(1), outcome: 'cut', durationMs: 7.25 });
      const refused = request({ timestamp: instant(2), portMappingId: OTHER_MAPPING, statusCode: 502 });
      const left = request({ timestamp: instant(3), statusCode: null, outcome: 'left' });
      const newest = request({ timestamp: instant(4) });
      await journal.append({ requests: [oldest, cut, refused, left, newest], connections: [] });
      const page = { before: newest.id, sinceMs: START_MS, limit: 10 };
      const timings = await journal.readTimings(page);
      expect(timings).toEqual([
        timing(left, START_MS + 3, false),
        timing(refused, START_MS + 2, true),
        timing(cut, START_MS + 1, true),
      ]);
      expect(await journal.readTimings({ ...page, limit: 2 })).toEqual(timings.slice(0, 2));
      expect(await journal.readTimings({ ...page, before: cut.id })).toEqual([]);
    });

    it('tells when each mapping was asked for last', async () => {
      const journal = await openEmpty();
      expect(await journal.readLastSeen()).toEqual([]);
      const requests = [5, 1, 3].map((ms) => request({ timestamp: instant(ms) }));
      const other = request({ timestamp: instant(2), portMappingId: OTHER_MAPPING });
      await journal.append({ requests: [...requests, other], connections: [] });
      const seen = await journal.readLastSeen();
      expect(new Map(seen.map(({ mappingId, arrivedMs }) => [mappingId, arrivedMs - START_MS]))).toEqual(
        new Map([
          [requests[0]?.portMappingId, 5],
          [OTHER_MAPPING, 2],
        ]),
      );
      expect(seen).toHaveLength(2);
    });

    it('takes out what is older than the retention, and leaves what is not', async () => {
      const journal = await openEmpty();
      const kept = request({ timestamp: instant(0) });
      const keptConnection = connection({ disconnectedAt: instant(10) });
      await journal.append({
        requests: [kept, request({ timestamp: instant(-1) })],
        connections: [keptConnection, connection({ connectedAt: instant(-1), disconnectedAt: instant(9) })],
      });
      expect(await journal.prune(ofBoth({ maxAgeMs: 1000, maxRows: 100 }), START_MS + 1000)).toBe(false);
      expect(await journal.readRequests(query())).toEqual([kept]);
      expect(await journal.readConnections({ limit: 10 })).toEqual([keptConnection]);
    });

    it('takes out the oldest of too many, also among those of one time', async () => {
      const journal = await openEmpty();
      const requests = Array.from({ length: 10 }, () => request());
      const newest = request({ timestamp: instant(1) });
      const connections = [1, 2, 3].map((ms) =>
        connection({ connectedAt: instant(ms), disconnectedAt: instant(4) }),
      );
      await journal.append({ requests: [...requests, newest], connections });
      const before = await journal.readRequests(query());
      expect(await journal.prune(ofBoth({ ...KEEP_ALL, maxRows: 2 }), START_MS)).toBe(false);
      expect(await journal.readRequests(query())).toEqual(before.slice(0, 2));
      expect(await journal.readConnections({ limit: 10 })).toEqual(connections.slice(1).reverse());
    });

    it('holds both bounds when one takes out more than the other', async () => {
      const journal = await openEmpty();
      const requests = [0, 1, 2, 3].map((ms) => request({ timestamp: instant(ms) }));
      await journal.append({ requests, connections: [] });
      await journal.prune(ofBoth({ maxAgeMs: 1, maxRows: 3 }), START_MS + 3);
      expect(await journal.readRequests(query())).toEqual(requests.slice(2).reverse());
      await journal.prune(ofBoth({ maxAgeMs: 1, maxRows: 1 }), START_MS + 3);
      expect(await journal.readRequests(query())).toEqual(requests.slice(3));
    });

    it('prunes in bounded steps, and says when there may be more', async () => {
      const journal = await openEmpty();
      const requests = Array.from({ length: PRUNED_ROWS + 2 }, (_, index) =>
        request({ timestamp: instant(index) }),
      );
      await journal.append({ requests, connections: [] });
      const retention = { ...KEEP_ALL, maxRows: 1 };
      expect(await journal.prune(ofBoth(retention), START_MS)).toBe(true);
      expect(await journal.readRequests(query({ limit: 500 }))).toHaveLength(2);
      expect(await journal.prune(ofBoth(retention), START_MS)).toBe(false);
      expect(await journal.readRequests(query())).toEqual(requests.slice(-1));
    });

    it('leaves no row too many that came after a step which removed as many as a step may', async () => {
      const journal = await openEmpty();
      const rows = (count: number, fromMs: number) =>
        Array.from({ length: count }, (_, index) => request({ timestamp: instant(fromMs + index) }));
      const retention = ofBoth({ ...KEEP_ALL, maxRows: 2 });
      await journal.append({ requests: rows(PRUNED_ROWS + 2, 0), connections: [] });
      expect(await journal.prune(retention, START_MS)).toBe(true);
      const later = rows(3, PRUNED_ROWS + 2);
      await journal.append({ requests: later, connections: [] });
      expect(await journal.prune(retention, START_MS)).toBe(false);
      expect(await journal.readRequests(query())).toEqual(later.slice(1).reverse());
    });

    it('holds the bounds of each log apart', async () => {
      const journal = await openEmpty();
      const requests = [0, 1].map((ms) => request({ timestamp: instant(ms) }));
      const connections = [0, 1].map((ms) =>
        connection({ connectedAt: instant(ms), disconnectedAt: instant(4) }),
      );
      await journal.append({ requests, connections });
      const tooMany = { ...KEEP_ALL, maxRows: 1 };
      const tooOld = { ...KEEP_ALL, maxAgeMs: 1 };
      await journal.prune({ requests: tooMany, connections: KEEP_ALL }, START_MS);
      expect(await journal.readRequests(query())).toEqual(requests.slice(1));
      expect(await journal.readConnections({ limit: 10 })).toHaveLength(2);
      await journal.prune({ requests: KEEP_ALL, connections: tooOld }, START_MS + 2);
      expect(await journal.readRequests(query())).toEqual(requests.slice(1));
      expect(await journal.readConnections({ limit: 10 })).toEqual(connections.slice(1));
    });

    it('leaves a connection that is online, however old', async () => {
      const journal = await openEmpty();
      const online = connection();
      await journal.append({ requests: [], connections: [online] });
      await journal.prune(ofBoth({ maxAgeMs: 1, maxRows: 0 }), START_MS + 10_000);
      expect(await journal.readConnections({ limit: 10 })).toEqual([online]);
    });

    it('ends what was left online, and nothing else', async () => {
      const journal = await openEmpty();
      const left = connection({ connectedAt: instant(5) });
      const ended = connection({ disconnectedAt: instant(1), disconnectReason: 'agent_stopped' });
      await journal.append({ requests: [], connections: [left, ended] });
      await journal.endAbandoned(START_MS + 1000);
      expect(await journal.readConnections({ limit: 10 })).toEqual([
        { ...left, disconnectedAt: instant(1000) },
        ended,
      ]);
    });
  });
}

function timing(
  { id, portMappingId: mappingId, durationMs }: RequestLogEntry,
  arrivedMs: number,
  isFailed: boolean,
): RequestTiming {
  return { id, mappingId, arrivedMs, durationMs, isFailed };
}

function query(fields: Record<string, unknown> = {}): RequestQuery {
  return requestQuerySchema.parse(fields);
}
