// Taking out of the logs what the retention no longer covers.

import { Op, type Transaction, type WhereOptions } from 'sequelize';

import { PRUNED_ROWS, type LogBatch, type LogRetention, type LogRetentions } from './journal.ts';
import type { LogTables } from './orderedDatabase.ts';
import { lowestRowId } from './rowId.ts';

export interface Pruner {
  /** Counts the batch when it is written. What became of one that failed nobody knows: then rows are counted anew. */
  counting(batch: LogBatch, write: () => Promise<void>): Promise<void>;
  /** One bounded step; true when there may be more. */
  prune(
    tables: LogTables,
    retentions: LogRetentions,
    nowMs: number,
    transaction: Transaction,
  ): Promise<boolean>;
}

/** Counts the rows of a log once and keeps count from then on: a long log is long to count. */
export function createPruner(): Pruner {
  let requestRows: number | null = null;
  let connectionRows: number | null = null;

  return {
    async counting({ requests, connections }, write) {
      const [requestsBefore, connectionsBefore] = [requestRows, connectionRows];
      requestRows = null;
      connectionRows = null;
      await write();
      requestRows = requestsBefore === null ? null : requestsBefore + requests.length;
      // The same connection comes twice: how many are new only the table knows.
      connectionRows = connections.length === 0 ? connectionsBefore : null;
    },
    async prune({ requests, connections }, retentions, nowMs, transaction) {
      const requestsBefore = requestRows ?? (await requests.count({ transaction }));
      const requestsGone = await pruneLog(requestsBefore, retentions.requests, nowMs, {
        oldest: (offset) => requests.findOne({ ...OLDEST_ID, offset, transaction }),
        remove: (where) => requests.destroy({ where, limit: PRUNED_ROWS, transaction }),
      });
      requestRows = requestsBefore - requestsGone;
      // A tunnel that is online is no history yet.
      const ended = { disconnectedAt: { [Op.ne]: null } };
      const connectionsBefore = connectionRows ?? (await connections.count({ transaction }));
      const connectionsGone = await pruneLog(connectionsBefore, retentions.connections, nowMs, {
        oldest: (offset) => connections.findOne({ ...OLDEST_ID, offset, transaction }),
        remove: (where) =>
          connections.destroy({ where: { [Op.and]: [ended, where] }, limit: PRUNED_ROWS, transaction }),
      });
      connectionRows = connectionsBefore - connectionsGone;
      return Math.max(requestsGone, connectionsGone) === PRUNED_ROWS;
    },
  };
}

const OLDEST_ID = { attributes: ['id'], order: ['id'] };

interface PrunedLog {
  /** The row that so many older ones stand before. */
  oldest(offset: number): Promise<{ readonly id: string } | null>;
  /** How many rows it was, PRUNED_ROWS at most. */
  remove(where: WhereOptions): Promise<number>;
}

/** How many rows it took out. */
async function pruneLog(
  rows: number,
  { maxRows, maxAgeMs }: LogRetention,
  nowMs: number,
  log: PrunedLog,
): Promise<number> {
  const tooOld = lowestRowId(nowMs - maxAgeMs);
  const surplus = Math.min(rows - maxRows, PRUNED_ROWS);
  const lastSurplus = surplus > 0 ? await log.oldest(surplus - 1) : null;
  const isMore = lastSurplus !== null && lastSurplus.id >= tooOld;
  return log.remove({ id: isMore ? { [Op.lte]: lastSurplus.id } : { [Op.lt]: tooOld } });
}
