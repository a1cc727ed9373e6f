// Taking out of the logs what the retention no longer covers.

import { Op, type Transaction, type WhereOptions } from 'sequelize';

import { PRUNED_ROWS, type LogRetention, type LogRetentions } from './journal.ts';
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
  const ofRequests = createSurplusFinder();
  const ofConnections = createSurplusFinder();

  return async ({ requests, connections }, retentions, nowMs, transaction) => {
    const requestsGone = await pruneLog(ofRequests, retentions.requests, nowMs, {
      column: 'timestamp',
      async find(offset) {
        const order = newestFirst('timestamp');
        const row = await requests.findOne({ attributes: ['id', 'timestamp'], order, offset, transaction });
        return row && { time: row.timestamp, id: row.id };
      },
      remove: (where, limit) => requests.destroy({ where, limit, transaction }),
    });
    // A tunnel that is online is no history yet.
    const hasEnded = { disconnectedAt: { [Op.ne]: null } };
    const connectionsGone = await pruneLog(ofConnections, retentions.connections, nowMs, {
      column: 'connectedAt',
      async find(offset) {
        const order = newestFirst('connectedAt');
        const row = await connections.findOne({
          attributes: ['id', 'connectedAt'],
          order,
          offset,
          transaction,
        });
        return row && { time: row.connectedAt, id: row.id };
      },
      remove: (where, limit) =>
        connections.destroy({ where: { [Op.and]: [hasEnded, where] }, limit, transaction }),
    });
    return Math.max(requestsGone, connectionsGone) === PRUNED_ROWS;
  };
}

interface PrunedLog {
  readonly column: string;
  /** The row that so many newer ones stand before. */
  find(offset: number): Promise<LogPosition | null>;
  /** How many rows it was. */
  remove(where: WhereOptions, limit: number): Promise<number>;
}

/** How many rows it took out: fewer than a step's only when nothing is left to take. */
async function pruneLog(
  finder: SurplusFinder,
  { maxRows, maxAgeMs }: LogRetention,
  nowMs: number,
  log: PrunedLog,
): Promise<number> {
  const oldest = new Date(nowMs - maxAgeMs);
  let gone = 0;
  for (let isNew = false; !isNew && gone < PRUNED_ROWS;) {
    isNew = !finder.knows(maxRows);
    const surplus = await finder.at(maxRows, () => log.find(maxRows));
    gone += await log.remove(beyond(log.column, oldest, surplus), PRUNED_ROWS - gone);
    // Once what was found is gone, rows that came since are too many: they are looked for at once.
    if (gone < PRUNED_ROWS) finder.forget();
  }
  return gone;
}

interface SurplusFinder {
  /** Found before, and kept. */
  knows(maxRows: number): boolean;
  /** The newest row that is too many; null when there is none. */
  at(maxRows: number, find: () => Promise<LogPosition | null>): Promise<LogPosition | null>;
  forget(): void;
}

/** Keeps what it found: rows that are added or removed later never make a row that is too many less so. */
function createSurplusFinder(): SurplusFinder {
  let found: { readonly maxRows: number; readonly position: LogPosition | null } | null = null;
  return {
    knows: (maxRows) => found?.maxRows === maxRows,
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
