// Taking out of the logs what the retention no longer covers.

import { Op, type Transaction, type WhereOptions } from 'sequelize';

import { PRUNED_ROWS, type LogRetention } from './journal.ts';
import { fromOn, newestFirst, type LogPosition } from './logOrder.ts';
import type { LogTables } from './orderedDatabase.ts';

/** One bounded step; true when there may be more. */
export async function pruneLogs(
  tables: LogTables,
  retention: LogRetention,
  nowMs: number,
  transaction: Transaction,
): Promise<boolean> {
  const oldest = new Date(nowMs - retention.maxAgeMs);
  const requestsGone = await pruneRequests(tables, retention.maxRows, oldest, transaction);
  const connectionsGone = await pruneConnections(tables, retention.maxRows, oldest, transaction);
  return Math.max(requestsGone, connectionsGone) === PRUNED_ROWS;
}

async function pruneRequests(
  { requests }: LogTables,
  maxRows: number,
  oldest: Date,
  transaction: Transaction,
): Promise<number> {
  const attributes = ['id', 'timestamp'];
  const order = newestFirst('timestamp');
  const surplus = await requests.findOne({ attributes, order, offset: maxRows, transaction });
  const position = surplus && { time: surplus.timestamp, id: surplus.id };
  const where = beyond('timestamp', oldest, position);
  return requests.destroy({ where, limit: PRUNED_ROWS, transaction });
}

/** A tunnel that is online is no history yet. */
async function pruneConnections(
  { connections }: LogTables,
  maxRows: number,
  oldest: Date,
  transaction: Transaction,
): Promise<number> {
  const attributes = ['id', 'connectedAt'];
  const order = newestFirst('connectedAt');
  const surplus = await connections.findOne({ attributes, order, offset: maxRows, transaction });
  const position = surplus && { time: surplus.connectedAt, id: surplus.id };
  const hasEnded = { disconnectedAt: { [Op.ne]: null } };
  const where = { [Op.and]: [hasEnded, beyond('connectedAt', oldest, position)] };
  return connections.destroy({ where, limit: PRUNED_ROWS, transaction });
}

/** What is before `oldest`, or from the newest row that is too many on: whichever of the two is more. */
function beyond(column: string, oldest: Date, surplus: LogPosition | null): WhereOptions {
  if (surplus === null || surplus.time < oldest) return { [column]: { [Op.lt]: oldest } };
  return fromOn(column, surplus);
}
