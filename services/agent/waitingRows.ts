// Rows of the logs that wait to be written: bounded, and the oldest go when there is no room.

import type { ConnectionLogEntry, RequestLogEntry } from '../../protocol/api/logs.ts';
import type { LogBatch } from './store/journal.ts';

/**
 * Requests written at once. Raised: edits of mappings wait for longer behind one batch (some 25 ms at this size); lowered:
 * the cost of a transaction is shared by fewer rows.
 */
export const BATCH_ROWS = 2_000;

/** Connections written at once, each by a statement of its own. Raised: as above, sooner. */
export const BATCH_CONNECTIONS = 500;

/** Requests that wait at most. Raised: a database that is away costs more memory, about 1 KB a row. */
export const MAX_WAITING_ROWS = 10_000;

/** Dropped in one go, so that dropping costs next to nothing a row. Raised: a gap in the log is longer than it must be. */
export const DROPPED_AT_ONCE = 500;

/** Connections that wait at most. Raised: more memory while a tunnel flaps and the database is away. */
export const MAX_WAITING_CONNECTIONS = 10_000;

export interface WaitingRows {
  /** Rows that wait, of both kinds. */
  readonly count: number;
  /** Rows left out for good, of both kinds. */
  readonly droppedRows: number;
  /** Those that are in no database yet, as far as is known: the ones that wait, and the batch under way. In any order. */
  unwrittenRequests(): readonly RequestLogEntry[];
  addRequest(row: RequestLogEntry): void;
  /** Replaces an earlier row of the same connection. */
  addConnection(row: ConnectionLogEntry): void;
  /** The oldest, one batch at a time. They do not wait any more; one of the three below says what has become of them. */
  takeBatch(): LogBatch;
  /** The batch is in the database. */
  noteWritten(): void;
  /** What could not be written waits again, before all others. */
  giveBack(batch: LogBatch): void;
  /** What can never be written is left out. */
  leaveOut(batch: LogBatch): void;
}

export function createWaitingRows(): WaitingRows {
  let requests: RequestLogEntry[] = [];
  let connections = new Map<string, ConnectionLogEntry>();
  /** Of the batch under way. */
  let taken: readonly RequestLogEntry[] = [];
  let droppedRows = 0;

  function makeRoom(): void {
    if (requests.length <= MAX_WAITING_ROWS) return;
    const surplus = Math.max(DROPPED_AT_ONCE, requests.length - MAX_WAITING_ROWS);
    droppedRows += requests.splice(0, surplus).length;
  }

  return {
    get count() {
      return requests.length + connections.size;
    },
    get droppedRows() {
      return droppedRows;
    },
    unwrittenRequests: () => [...taken, ...requests],
    addRequest(row) {
      requests.push(row);
      makeRoom();
    },
    addConnection(row) {
      connections.set(row.id, row);
      if (connections.size <= MAX_WAITING_CONNECTIONS) return;
      const [oldest] = connections.keys();
      if (oldest !== undefined && connections.delete(oldest)) droppedRows += 1;
    },
    takeBatch() {
      const oldest = [...connections.values()].slice(0, BATCH_CONNECTIONS);
      for (const { id } of oldest) connections.delete(id);
      taken = requests.splice(0, BATCH_ROWS);
      return { requests: taken, connections: oldest };
    },
    noteWritten() {
      taken = [];
    },
    giveBack(batch) {
      taken = [];
      requests = [...batch.requests, ...requests];
      makeRoom();
      // A connection may have ended meanwhile: the later row stands.
      const earlier = batch.connections.map((row): [string, ConnectionLogEntry] => [row.id, row]);
      connections = new Map([...earlier, ...connections]);
    },
    leaveOut(batch) {
      taken = [];
      droppedRows += batch.requests.length + batch.connections.length;
    },
  };
}
