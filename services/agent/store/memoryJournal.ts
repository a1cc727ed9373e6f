// The simulated journal: the same answers from memory.

import type {
  ConnectionLogEntry,
  ConnectionQuery,
  RequestLogEntry,
  RequestQuery,
} from '../../../protocol/api/logs.ts';
import { isFailure } from '../../../protocol/api/series.ts';
import {
  PRUNED_ROWS,
  type Journal,
  type LastSeen,
  type LogBatch,
  type LogRetention,
  type LogRetentions,
  type RequestTiming,
  type TimingQuery,
} from './journal.ts';
import { isWantedRequest } from './requestFilter.ts';
import { lowestRowId, timeOfRowId } from './rowId.ts';
import { StoreError } from './store.ts';

/** A journal in memory, open while the store is. */
export function createMemoryJournal(store: { readonly isOpen: boolean }): Journal {
  const requests = new Map<string, RequestLogEntry>();
  const connections = new Map<string, ConnectionLogEntry>();

  function append(batch: LogBatch): void {
    for (const request of batch.requests) {
      if (!requests.has(request.id)) requests.set(request.id, request);
    }
    for (const connection of batch.connections) connections.set(connection.id, connection);
  }

  function readRequests(query: RequestQuery): RequestLogEntry[] {
    return newestFirst(requests, query.before)
      .filter((request) => isWantedRequest(request, query))
      .slice(0, query.limit);
  }

  function readConnections({ before, since, limit }: ConnectionQuery): ConnectionLogEntry[] {
    const hadEnded = ({ disconnectedAt }: ConnectionLogEntry) =>
      since !== undefined && disconnectedAt !== null && disconnectedAt <= since;
    return newestFirst(connections, before)
      .filter((connection) => !hadEnded(connection))
      .slice(0, limit);
  }

  function readTimings({ before, sinceMs, limit }: TimingQuery): RequestTiming[] {
    return newestFirst(requests, before)
      .filter(({ id }) => id >= lowestRowId(sinceMs))
      .slice(0, limit)
      .map((request) => ({
        id: request.id,
        mappingId: request.portMappingId,
        arrivedMs: timeOfRowId(request.id),
        durationMs: request.durationMs,
        isFailed: isFailure(request),
      }));
  }

  function readLastSeen(): LastSeen[] {
    const newest = new Map<string, number>();
    for (const { id, portMappingId } of newestFirst(requests).toReversed())
      newest.set(portMappingId, timeOfRowId(id));
    return [...newest].map(([mappingId, arrivedMs]) => ({ mappingId, arrivedMs }));
  }

  function prune(retentions: LogRetentions, nowMs: number): boolean {
    const oldRequests = newestFirst(requests)
      .filter(({ id }, index) => isBeyond(retentions.requests, index, id, nowMs))
      .slice(-PRUNED_ROWS);
    const oldConnections = newestFirst(connections)
      .filter(({ id }, index) => isBeyond(retentions.connections, index, id, nowMs))
      .filter(({ disconnectedAt }) => disconnectedAt !== null)
      .slice(-PRUNED_ROWS);
    for (const { id } of oldRequests) requests.delete(id);
    for (const { id } of oldConnections) connections.delete(id);
    return oldRequests.length === PRUNED_ROWS || oldConnections.length === PRUNED_ROWS;
  }

  function endAbandoned(atMs: number): void {
    const disconnectedAt = new Date(atMs).toISOString();
    for (const [id, connection] of connections) {
      if (connection.disconnectedAt === null) connections.set(id, { ...connection, disconnectedAt });
    }
  }

  function whenOpen<Args extends unknown[], Answer>(act: (...args: Args) => Answer) {
    return async (...args: Args): Promise<Answer> => {
      if (!store.isOpen) throw new StoreError('unavailable', 'It is not open.');
      return act(...args);
    };
  }

  return {
    append: whenOpen(append),
    readRequests: whenOpen(readRequests),
    readConnections: whenOpen(readConnections),
    readTimings: whenOpen(readTimings),
    readLastSeen: whenOpen(readLastSeen),
    prune: whenOpen(prune),
    endAbandoned: whenOpen(endAbandoned),
  };
}

function isBeyond({ maxAgeMs, maxRows }: LogRetention, index: number, id: string, nowMs: number): boolean {
  return index >= maxRows || id < lowestRowId(nowMs - maxAgeMs);
}

/** Those before the one with this id, or all of them. */
function newestFirst<Entry extends { readonly id: string }>(
  entries: ReadonlyMap<string, Entry>,
  before?: string,
): Entry[] {
  return [...entries.values()]
    .filter(({ id }) => before === undefined || id < before)
    .sort((one, other) => (one.id < other.id ? 1 : -1));
}
