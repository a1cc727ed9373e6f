// What differs between the databases that the store can use, and where it says what an operator may want to know.

import type { BaseError, CreationAttributes, Sequelize, Transaction } from 'sequelize';

import type { RequestLog } from './models/requestLog.ts';

export interface DatabaseAdapter {
  /**
   * Connects, migrates, and answers a ready Sequelize. Closes what it opened when it fails. An aborted `signal` ends the
   * wait for another process that migrates.
   */
  connect(signal?: AbortSignal): Promise<Sequelize>;
  /** True when the error says that the stored data is damaged. */
  isDamage(error: BaseError): boolean;
  /**
   * Called first in a transaction on the mappings, so that a read tells of one state, and a write is alone with them until
   * it ends. Absent: the type of the transaction sees to it.
   */
  lockMappings?(kind: 'read' | 'write', sequelize: Sequelize, transaction: Transaction): Promise<void>;
  /**
   * A second Sequelize on the connected database, for the logs: a power cut may undo its last commits, and no more than
   * that. Absent: the same Sequelize serves both.
   */
  connectLoosely?(): Sequelize;
  /** Adds the rows whose ids are new. Absent: Sequelize's own bulk insert does it. */
  insertRequests?(rows: readonly RequestRow[], sequelize: Sequelize, transaction: Transaction): Promise<void>;
}

export type RequestRow = CreationAttributes<RequestLog>;

export interface StoreLog {
  info(fields: object, message: string): void;
}
