// The database while it is open: used by one call at a time, in the order of asking, and its errors as StoreErrors.

import { BaseError, Transaction, UniqueConstraintError, type Sequelize } from 'sequelize';

import type { DatabaseAdapter } from './databaseAdapter.ts';
import { configRowOn, type ConfigRow } from './models/configRow.ts';
import { connectionLogOn, type ConnectionLog } from './models/connectionLog.ts';
import { portMappingOn, type PortMapping } from './models/portMapping.ts';
import { requestLogOn, type RequestLog } from './models/requestLog.ts';
import { StoreError } from './store.ts';

/** Work of one transaction: what it answers is answered after the commit. */
export type Work<Tables, Answer> = (tables: Tables, transaction: Transaction) => Promise<Answer>;

/** A committed write to these is on disk. */
export interface MappingTables {
  readonly mappings: typeof PortMapping;
  readonly config: typeof ConfigRow;
}

/** A committed write to these outlives the process; a power cut may undo the last ones. */
export interface LogTables {
  readonly sequelize: Sequelize;
  readonly requests: typeof RequestLog;
  readonly connections: typeof ConnectionLog;
}

interface Side<Tables> {
  readonly sequelize: Sequelize;
  readonly tables: Tables;
}

interface Opened {
  readonly mappings: Side<MappingTables>;
  readonly logs: Side<LogTables>;
}

export class OrderedDatabase {
  readonly adapter: DatabaseAdapter;
  #opened: Opened | null = null;
  /** Settles with the last call asked for: one at a time, in order, and our own writes never find the file locked by us. */
  #last: Promise<unknown> = Promise.resolve();
  /** Aborted by the next close: an open that waits for another process that migrates would hold it up for as long. */
  #closing = new AbortController();

  constructor(adapter: DatabaseAdapter) {
    this.adapter = adapter;
  }

  open(): Promise<void> {
    const { signal } = this.#closing;
    return this.#inOrder(async () => {
      this.#opened ??= openedFrom(await this.adapter.connect(signal), this.adapter);
    });
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#closing = new AbortController();
    return this.#inOrder(async () => {
      const opened = this.#opened;
      this.#opened = null;
      if (opened === null) return;
      const sequelizes = new Set([opened.mappings.sequelize, opened.logs.sequelize]);
      await Promise.all([...sequelizes].map((sequelize) => sequelize.close()));
    });
  }

  /** One consistent view. */
  read<Answer>(work: Work<MappingTables, Answer>): Promise<Answer> {
    return this.#transact(Transaction.TYPES.DEFERRED, ({ mappings }) => mappings, work, 'read');
  }

  /** Holds the write lock from the start, so that what is read stays true until the commit. */
  write<Answer>(work: Work<MappingTables, Answer>): Promise<Answer> {
    return this.#transact(Transaction.TYPES.IMMEDIATE, ({ mappings }) => mappings, work, 'write');
  }

  readLogs<Answer>(work: Work<LogTables, Answer>): Promise<Answer> {
    return this.#transact(Transaction.TYPES.DEFERRED, ({ logs }) => logs, work);
  }

  writeLogs<Answer>(work: Work<LogTables, Answer>): Promise<Answer> {
    return this.#transact(Transaction.TYPES.IMMEDIATE, ({ logs }) => logs, work);
  }

  #transact<Tables, Answer>(
    type: Transaction.TYPES,
    choose: (opened: Opened) => Side<Tables>,
    work: Work<Tables, Answer>,
    lock?: 'read' | 'write',
  ): Promise<Answer> {
    return this.#inOrder(() => {
      if (this.#opened === null) throw new StoreError('unavailable', 'It is not open.');
      const { sequelize, tables } = choose(this.#opened);
      return sequelize.transaction({ type }, async (transaction) => {
        if (lock !== undefined) await this.adapter.lockMappings?.(lock, sequelize, transaction);
        return work(tables, transaction);
      });
    });
  }

  #inOrder<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const answer = this.#last.then(act).catch((error: unknown) => {
      throw this.#storeErrorFrom(error);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** Errors that are not the database's pass as they are: they are faults of ours. */
  #storeErrorFrom(error: unknown): unknown {
    if (!(error instanceof BaseError)) return error;
    if (error instanceof UniqueConstraintError) return new StoreError('duplicate', undefined, error);
    return new StoreError(this.adapter.isDamage(error) ? 'corrupt' : 'unavailable', error.message, error);
  }
}

function openedFrom(strict: Sequelize, adapter: DatabaseAdapter): Opened {
  const loose = adapter.connectLoosely?.() ?? strict;
  return {
    mappings: {
      sequelize: strict,
      tables: { mappings: portMappingOn(strict), config: configRowOn(strict) },
    },
    logs: {
      sequelize: loose,
      tables: { sequelize: loose, requests: requestLogOn(loose), connections: connectionLogOn(loose) },
    },
  };
}
