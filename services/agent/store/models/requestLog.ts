// The table of visitors' requests.

import {
  DataTypes,
  Model,
  type CreationAttributes,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

import { requestLogSchema, type RequestLogEntry } from '../../../../protocol/api/logs.ts';
import { instantFrom, parseRow } from '../rows.ts';

export class RequestLog extends Model<InferAttributes<RequestLog>, InferCreationAttributes<RequestLog>> {
  declare id: string;
  declare portMappingId: string;
  declare timestamp: Date;
  declare method: string;
  declare path: string;
  declare statusCode: number | null;
  declare durationMs: number;
  declare firstByteMs: number | null;
  /** Read from SQL Server, a big integer is text. */
  declare bytesIn: number | string;
  declare bytesOut: number | string;
  declare outcome: string;
  declare errorCode: string | null;
  declare visitorAddress: string;
}

/** The model for one Sequelize instance: a class of its own, so that two stores in a process keep apart. */
export function requestLogOn(sequelize: Sequelize): typeof RequestLog {
  return class extends RequestLog {}.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      portMappingId: { type: DataTypes.UUID, allowNull: false },
      timestamp: { type: DataTypes.DATE(3), allowNull: false },
      method: { type: DataTypes.STRING, allowNull: false },
      path: { type: DataTypes.TEXT, allowNull: false },
      statusCode: { type: DataTypes.INTEGER, allowNull: true },
      durationMs: { type: DataTypes.DOUBLE, allowNull: false },
      firstByteMs: { type: DataTypes.DOUBLE, allowNull: true },
      bytesIn: { type: DataTypes.BIGINT, allowNull: false },
      bytesOut: { type: DataTypes.BIGINT, allowNull: false },
      outcome: { type: DataTypes.STRING, allowNull: false },
      errorCode: { type: DataTypes.STRING, allowNull: true },
      visitorAddress: { type: DataTypes.STRING, allowNull: false },
    },
    { sequelize, modelName: 'RequestLog', tableName: 'request_logs', timestamps: false },
  );
}

/** The entry a row holds. Throws StoreError `corrupt` when someone put in what no entry is. */
export function requestFromRow(row: RequestLog): RequestLogEntry {
  const { timestamp, bytesIn, bytesOut, ...rest } = row.get();
  return parseRow('request', requestLogSchema, {
    ...rest,
    timestamp: instantFrom(timestamp),
    bytesIn: Number(bytesIn),
    bytesOut: Number(bytesOut),
  });
}

/** The row an entry is stored as. */
export function rowFromRequest(entry: RequestLogEntry): CreationAttributes<RequestLog> {
  return { ...entry, timestamp: new Date(entry.timestamp) };
}
