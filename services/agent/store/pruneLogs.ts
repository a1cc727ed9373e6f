// Taking out of the logs what the retention no longer covers.

import { Op, type Transaction, type WhereOptions } from 'sequelize';

import { PRUNED_ROWS, type LogRetentions } from './journal.ts';
import { fromOn, newestFirst, type LogPosition } from './logOrder.ts';
import type { LogTables } from './orderedDatabase.ts';

/** One bounded step; true when there may be more. */
export type Prune = (
  tables: LogTables,
  retentions: LogRetentions,
  nowMs: number,
  transaction: Transaction,
) => Promise<boolean>;

/** Looks for the rows that are too many once, however many steps it takes to remove them: a long log is long to count. */
export function createPrune(): Prune {
  const findSurplusRequest = createSurplusFinder();
  const findSurplusConnection = createSurplusFinder();

  return async ({ requests, connections }, retentions, nowMs, transaction) => {
    const step = { limit: PRUNED_ROWS, transaction };

    const { requests: ofRequests, connections: ofConnections } = retentions;
    const request = await findSurplusRequest.at(ofRequests.maxRows, async () => {
      const attributes = ['id', 'timestamp'];
      const order = newestFirst('timestamp');
      const row = await requests.findOne({ attributes, order, offset: ofRequests.maxRows, transaction });
      return row && { time: row.timestamp, id: row.id };
    });
    const oldestRequest = new Date(nowMs - ofRequests.maxAgeMs);
    const where = beyond('timestamp', oldestRequest, request);
    const requestsGone = await requests.destroy({ where, ...step });
    if (requestsGone < PRUNED_ROWS) findSurplusRequest.forget();

    const connection = await findSurplusConnection.at(ofConnections.maxRows, async () => {
      const attributes = ['id', 'connectedAt'];
      const order = newestFirst('connectedAt');
      const row = await connections.findOne({
        attributes,
        order,
        offset: ofConnections.maxRows,
        transaction,
      });
      return row && { time: row.connectedAt, id: row.id };
    });
    // A tunnel that is online is no history yet.
    const hasEnded = { disconnectedAt: { [Op.ne]: null } };
    const oldestConnection = new Date(nowMs - ofConnections.maxAgeMs);
    const past = { [Op.and]: [hasEnded, beyond('connectedAt', oldestConnection, connection)] };
    const connectionsGone = await connections.destroy({ where: past, ...step });
    if (connectionsGone < PRUNED_ROWS) findSurplusConnection.forget();

    return Math.max(requestsGone, connectionsGone) === PRUNED_ROWS;
  };
}

interface SurplusFinder {
  /** The newest row that is too many; null when there is none. */
  at(maxRows: number, find: () => Promise<LogPosition | null>): Promise<LogPosition | null>;
  forget(): void;
}

/** Keeps what it found: rows that are added or removed later never make a row that is too many less so. */
function createSurplusFinder(): SurplusFinder {
  let found: { readonly maxRows: number; readonly position: LogPosition | null } | null = null;
  return {
    async at(maxRows, find) {
      if (found?.maxRows !== maxRows) found = { maxRows, position: await find() };
      return found.position;
    },
    forget() {
      found = null;
    },
  };
}

/** What is before `oldest`, or from the newest row that is too many on: whichever of the two is more. */
function beyond(column: string, oldest: Date, surplus: LogPosition | null): WhereOptions {
  if (surplus === null || surplus.time < oldest) return { [column]: { [Op.lt]: oldest } };
  return fromOn(column, surplus);
}
