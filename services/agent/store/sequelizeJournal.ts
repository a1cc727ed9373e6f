// The real journal: requests and connections in a database through Sequelize.

import { literal, Op, type OrderItem, type Sequelize, type Transaction, type WhereOptions } from 'sequelize';

import type {
  ConnectionLogEntry,
  ConnectionQuery,
  RequestLogEntry,
  RequestQuery,
} from '../../../protocol/api/logs.ts';
import type { RequestRow } from './databaseAdapter.ts';
import type { Journal, LogBatch } from './journal.ts';
import { connectionFromRow, rowFromConnection } from './models/connectionLog.ts';
import { requestFromRow, rowFromRequest } from './models/requestLog.ts';
import type { LogTables, OrderedDatabase } from './orderedDatabase.ts';
import { createPruner } from './pruneLogs.ts';
import { readLastSeen, readTimings } from './readTimings.ts';

/** Ids rise with time. */
const NEWEST_FIRST: OrderItem[] = [['id', 'DESC']];

/** The journal of one database: open while that is. */
export function createSequelizeJournal(database: OrderedDatabase): Journal {
  const pruner = createPruner();
  return {
    append: (batch) => pruner.counting(batch, () => append(database, batch)),
    readRequests: (query) => readRequests(database, query),
    readConnections: (query) => readConnections(database, query),
    readTimings: (query) => readTimings(database, query),
    readLastSeen: () => readLastSeen(database),
    prune: (retentions, nowMs) =>
      database.writeLogs((tables, transaction) => pruner.prune(tables, retentions, nowMs, transaction)),
    endAbandoned: (atMs) => endAbandoned(database, atMs),
  };
}

function append(database: OrderedDatabase, { requests, connections }: LogBatch): Promise<void> {
  return database.writeLogs(async (tables, transaction) => {
    const rows = requests.map(rowFromRequest);
    if (rows.length > 0) {
      if (database.adapter.insertRequests === undefined) await insertNew(tables, rows, transaction);
      else await database.adapter.insertRequests(rows, tables.sequelize, transaction);
    }
    for (const connection of connections) {
      await tables.connections.upsert(rowFromConnection(connection), { transaction });
    }
  });
}

/** Not every database can skip the rows it has, so they are looked for first. */
async function insertNew(
  { requests }: LogTables,
  rows: readonly RequestRow[],
  transaction: Transaction,
): Promise<void> {
  const known = await requests.findAll({
    attributes: ['id'],
    where: { id: rows.map(({ id }) => id) },
    raw: true,
    transaction,
  });
  const knownIds = new Set(known.map(({ id }) => id));
  await requests.bulkCreate(
    rows.filter(({ id }) => !knownIds.has(id)),
    { returning: false, transaction },
  );
}

function readRequests(database: OrderedDatabase, query: RequestQuery): Promise<RequestLogEntry[]> {
  return database.readLogs(async ({ requests, sequelize }, transaction) => {
    const where = { [Op.and]: [...after(query.before), ...wantedRequests(query, sequelize)] };
    const rows = await requests.findAll({ where, order: NEWEST_FIRST, limit: query.limit, transaction });
    return rows.map(requestFromRow);
  });
}

function after(before: string | undefined): WhereOptions[] {
  return before === undefined ? [] : [{ id: { [Op.lt]: before } }];
}

function wantedRequests(
  { mappingId, method, status, path }: RequestQuery,
  sequelize: Sequelize,
): WhereOptions[] {
  const wanted: WhereOptions[] = [];
  if (mappingId !== undefined) wanted.push({ portMappingId: mappingId });
  if (method !== undefined) wanted.push({ method });
  if (status !== undefined) wanted.push({ statusCode: { [Op.between]: statusRange(status) } });
  if (path !== undefined) wanted.push({ path: { [Op.like]: literal(containing(path, sequelize)) } });
  return wanted;
}

/** From `404`, or a class such as `5xx`. */
function statusRange(status: string): [number, number] {
  return [Number(status.replaceAll('x', '0')), Number(status.replaceAll('x', '9'))];
}

/** A LIKE pattern as SQL. Sequelize would leave wildcards in the text as they are, and has no ESCAPE. */
function containing(text: string, sequelize: Sequelize): string {
  const pattern = text.replaceAll(/[!%_[]/g, '!$&').replaceAll('\0', '');
  return `${sequelize.escape(`%${pattern}%`)} ESCAPE '!'`;
}

function readConnections(database: OrderedDatabase, query: ConnectionQuery): Promise<ConnectionLogEntry[]> {
  return database.readLogs(async ({ connections }, transaction) => {
    const where = { [Op.and]: [...after(query.before), ...notEndedBy(query.since)] };
    const rows = await connections.findAll({ where, order: NEWEST_FIRST, limit: query.limit, transaction });
    return rows.map(connectionFromRow);
  });
}

function notEndedBy(since: string | undefined): WhereOptions[] {
  if (since === undefined) return [];
  return [{ disconnectedAt: { [Op.or]: [{ [Op.is]: null }, { [Op.gt]: new Date(since) }] } }];
}

function endAbandoned(database: OrderedDatabase, atMs: number): Promise<void> {
  return database.writeLogs(async ({ connections }, transaction) => {
    const disconnectedAt = new Date(atMs);
    await connections.update({ disconnectedAt }, { where: { disconnectedAt: null }, transaction });
  });
}
