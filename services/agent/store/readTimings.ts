// The parts of the request log that its tally takes: of many rows the little it needs.

import { col, fn, Op } from 'sequelize';
import { z } from 'zod';

import { isFailure } from '../../../protocol/api/series.ts';
import { requestLogSchema } from '../../../protocol/api/logs.ts';
import type { LastSeen, RequestTiming, TimingQuery } from './journal.ts';
import type { OrderedDatabase } from './orderedDatabase.ts';
import { lowestRowId, timeOfRowId } from './rowId.ts';
import { parseRow } from './rows.ts';

const timingRowSchema = requestLogSchema.pick({
  id: true,
  portMappingId: true,
  durationMs: true,
  statusCode: true,
  outcome: true,
});
const lastRowSchema = z.object({ id: z.uuid(), portMappingId: z.uuid() });

export function readTimings(
  database: OrderedDatabase,
  { before, sinceMs, limit }: TimingQuery,
): Promise<RequestTiming[]> {
  return database.readLogs(async ({ requests }, transaction) => {
    const rows = await requests.findAll({
      attributes: Object.keys(timingRowSchema.shape),
      where: { id: { [Op.lt]: before, [Op.gte]: lowestRowId(sinceMs) } },
      order: [['id', 'DESC']],
      limit,
      // Thousands of rows: as models they would take several times as long.
      raw: true,
      transaction,
    });
    return rows.map(({ id: rowId, portMappingId: ofMapping, durationMs: lastedMs, statusCode, outcome }) => {
      const row = { id: rowId, portMappingId: ofMapping, durationMs: lastedMs, statusCode, outcome };
      const timing = parseRow('request', timingRowSchema, row);
      const { id, portMappingId: mappingId, durationMs } = timing;
      return { id, mappingId, arrivedMs: timeOfRowId(id), durationMs, isFailed: isFailure(timing) };
    });
  });
}

/** The index of mappings and ids holds all that is asked. */
export function readLastSeen(database: OrderedDatabase): Promise<LastSeen[]> {
  return database.readLogs(async ({ requests }, transaction) => {
    const rows = await requests.findAll({
      attributes: ['portMappingId', [fn('MAX', col('id')), 'id']],
      group: ['portMappingId'],
      raw: true,
      transaction,
    });
    return rows.map(({ id, portMappingId }) => {
      const last = parseRow('request', lastRowSchema, { id, portMappingId });
      return { mappingId: last.portMappingId, arrivedMs: timeOfRowId(last.id) };
    });
  });
}
