// The request log and the connection log: facts of the bus become rows, and rows are written off the path of requests.

import type { Actors } from '../actors.ts';
import type { Bus } from '../bus.ts';
import type { Fact } from '../facts.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../../machines/clock.ts';
import type { ConnectionLogEntry, RequestLogEntry, RequestQuery } from '../../protocol/api/logs.ts';
import type { Journal, LogBatch, LogRetention } from './store/journal.ts';
import { journalWriterMachine } from '../../machines/journalWriter.ts';
import { instantOf } from '../../protocol/api/values.ts';
import { MAX_WORD_LENGTH, requestRow } from './requestRow.ts';
import { isWantedRequest } from './store/requestFilter.ts';
import { createRowId } from './store/rowId.ts';
import { StoreError } from './store/store.ts';
import { BATCH_ROWS, createWaitingRows } from './waitingRows.ts';

export interface RequestLogOptions {
  readonly actors: Actors;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Of requests. */
  readonly retention: LogRetention;
  /** False: no request is noted anywhere. Connections are. */
  readonly isOn: boolean;
  readonly agentVersion: string;
  /** Of the tunnel that is online. */
  readonly gatewayVersion: () => string;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
}

export interface RequestLog {
  /** Rows that found no room, or could not be stored, and were left out. */
  readonly droppedRows: number;
  /** As the journal's own, with the rows among them that wait to be written: whoever has heard an answer finds it here. */
  readRequests(query: RequestQuery): Promise<RequestLogEntry[]>;
  /** The store is open. Rows have waited for it. */
  begin(): void;
  /** Writes what waits, unless the journal fails or hangs, and hears no more. */
  stop(): Promise<void>;
}

const ACTOR_ID = 'journal';

/** A quarter, at a hundred tunnels a day. Raised: more rows than anybody looks at. */
export const CONNECTION_RETENTION: LogRetention = { maxAgeMs: 90 * 86_400_000, maxRows: 10_000 };

export function createRequestLog(options: RequestLogOptions): RequestLog {
  const { actors, bus, clock, journal, retention, isOn, log } = options;
  const rows = createWaitingRows();
  let failure: string | null = null;
  let online: ConnectionLogEntry | null = null;

  const actor = actors.start(ACTOR_ID, journalWriterMachine, {
    hasRows: () => rows.count > 0,
    hasBatch: () => rows.count >= BATCH_ROWS,
    begin: (report) => follow(journal.endAbandoned(clock.wallMs()), report),
    write: (report) => {
      const batch = rows.takeBatch();
      const appended = journal.append(batch).then(() => rows.noteWritten());
      follow(appended, report, (error) => keep(batch, error));
    },
    prune: (report) => {
      journal.prune({ requests: retention, connections: CONNECTION_RETENTION }, clock.wallMs()).then(
        (hasMore) => report({ ok: true, hasMore }),
        (error: unknown) => {
          tellFailure(error);
          report({ ok: false, hasMore: false });
        },
      );
    },
  });

  function follow(
    asked: Promise<void>,
    report: (result: { ok: boolean }) => void,
    onFailed: (error: unknown) => void = () => {},
  ): void {
    asked.then(
      () => {
        tellSuccess();
        report({ ok: true });
      },
      (error: unknown) => {
        onFailed(error);
        tellFailure(error);
        report({ ok: false });
      },
    );
  }

  /** Rows that are refused for what they are would be refused for ever, and all others with them. */
  function keep(batch: LogBatch, error: unknown): void {
    if (error instanceof StoreError) rows.giveBack(batch);
    else rows.leaveOut(batch);
  }

  /** A journal that is away for hours is one line. */
  function tellFailure(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (failure === reason) return;
    failure = reason;
    if (error instanceof StoreError)
      log.warn({ code: error.code, reason }, 'The request log cannot be written now; trying again.');
    else log.error({ error }, 'A fault in the request log: rows that cannot be stored are left out.');
  }

  function tellSuccess(): void {
    if (failure === null) return;
    failure = null;
    log.info({ droppedRows: rows.droppedRows }, 'The request log is written again.');
  }

  /** The actor hears of the first row of a batch and of a full batch: a request costs an array push. */
  function announce(before: number): void {
    if (before === 0) actor.send({ type: 'rows.came' });
    else if (before === BATCH_ROWS - 1) actor.send({ type: 'rows.full' });
  }

  function noteRequest(fact: Fact<'relay.finished'>): void {
    // Without a mapping it was never ours.
    if (fact.mappingId === null) return;
    const before = rows.count;
    const row = requestRow(fact, fact.mappingId, clock.wallMs());
    rows.addRequest(row);
    announce(before);
    bus.publish(() => ({ type: 'request.logged', row }));
  }

  function noteConnection({ state, code }: Fact<'tunnel.changed'>): void {
    const nowMs = clock.wallMs();
    const now = instantOf(nowMs);
    const before = rows.count;
    if (state === 'online') {
      online = {
        id: createRowId(nowMs),
        connectedAt: now,
        disconnectedAt: null,
        disconnectReason: null,
        gatewayVersion: options.gatewayVersion().slice(0, MAX_WORD_LENGTH),
        agentVersion: options.agentVersion,
      };
      rows.addConnection(online);
    } else if (online !== null) {
      rows.addConnection({ ...online, disconnectedAt: now, disconnectReason: code });
      online = null;
    }
    announce(before);
  }

  const endings = [bus.on('tunnel.changed', noteConnection)];
  if (isOn) endings.push(bus.on('relay.finished', noteRequest));

  return {
    get droppedRows() {
      return rows.droppedRows;
    },
    async readRequests(query) {
      // Before the journal is asked: what is written meanwhile is then found twice, and not missed.
      const unwritten = rows.unwrittenRequests().filter((row) => isOnPage(row, query));
      return newestOf([...unwritten, ...(await journal.readRequests(query))], query.limit);
    },
    begin() {
      actor.send({ type: 'begin' });
    },
    stop() {
      return new Promise((resolve) => {
        const end = () => {
          for (const leave of endings) leave();
          resolve();
        };
        // The registry hears of an error. Here it is the end all the same.
        actor.subscribe({ complete: end, error: end });
        actor.send({ type: 'stop' });
      });
    },
  };
}

function isOnPage(row: RequestLogEntry, query: RequestQuery): boolean {
  return (query.before === undefined || row.id < query.before) && isWantedRequest(row, query);
}

/** Each once, the newest first: ids rise with time. */
function newestOf(rows: readonly RequestLogEntry[], limit: number): RequestLogEntry[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return [...byId.values()].sort((one, other) => (one.id < other.id ? 1 : -1)).slice(0, limit);
}
