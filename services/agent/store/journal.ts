// The port of the agent's logs: requests and connections, written in batches, read newest first, kept within bounds.

import type {
  ConnectionLogEntry,
  ConnectionQuery,
  RequestLogEntry,
  RequestQuery,
} from '../../../protocol/api/logs.ts';

/** Rows to write. A connection with the id of an earlier one replaces it: first it is online, later it has ended. */
export interface LogBatch {
  readonly requests: readonly RequestLogEntry[];
  readonly connections: readonly ConnectionLogEntry[];
}

/**
 * Rows of each log that one prune takes out at most: more than one batch brings, so that pruning keeps up with writing.
 * Raised: an edit that comes meanwhile waits for longer.
 */
export const PRUNED_ROWS = 4_000;

/** What may stay of one log. Both bounds hold. */
export interface LogRetention {
  readonly maxAgeMs: number;
  readonly maxRows: number;
}

/** Tunnels are few and tell more when they are old: their log may stay for longer. */
export interface LogRetentions {
  readonly requests: LogRetention;
  readonly connections: LogRetention;
}

/** What the tally of requests takes of a row. `arrivedMs` is UTC milliseconds since 1970. */
export interface RequestTiming {
  readonly id: string;
  readonly mappingId: string;
  readonly arrivedMs: number;
  readonly durationMs: number;
  readonly isFailed: boolean;
}

/** `arrivedMs` is UTC milliseconds since 1970. */
export type LastSeen = Pick<RequestTiming, 'mappingId' | 'arrivedMs'>;

/** Of rows older than the one with the id `before`, and not older than `sinceMs`. */
export interface TimingQuery {
  readonly before: string;
  readonly sinceMs: number;
  readonly limit: number;
}

/**
 * Rows are told apart and put in order by their ids, which rise with their times (rowId.ts). Open while its store is:
 * otherwise all of it rejects with StoreError `unavailable`.
 */
export interface Journal {
  /** All of the batch or nothing. A request that is there already stays as it is: what failed may be given again. */
  append(batch: LogBatch): Promise<void>;
  /** The newest first. `before` may be the id of an entry that is gone by now. */
  readRequests(query: RequestQuery): Promise<RequestLogEntry[]>;
  readConnections(query: ConnectionQuery): Promise<ConnectionLogEntry[]>;
  /** The newest first: less of each request than readRequests tells, at a fraction of its cost. */
  readTimings(query: TimingQuery): Promise<RequestTiming[]>;
  /** When each mapping's newest request arrived. */
  readLastSeen(): Promise<LastSeen[]>;
  /**
   * Takes a bounded number of rows out that are beyond the retention at `nowMs` (UTC milliseconds since 1970). True when
   * there may be more: it is to be called again, and others get their turn in between.
   */
  prune(retentions: LogRetentions, nowMs: number): Promise<boolean>;
  /** Ends connections that a process which is gone has left online: nobody knows when they ended, at the latest now. */
  endAbandoned(atMs: number): Promise<void>;
}
