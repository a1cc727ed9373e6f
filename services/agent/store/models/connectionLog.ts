// The table of tunnels, each from online to its end.

import {
  DataTypes,
  Model,
  type CreationAttributes,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

import { connectionLogSchema, type ConnectionLogEntry } from '../../../../protocol/api/logs.ts';
import { instantFrom, parseRow } from '../rows.ts';

export class ConnectionLog extends Model<
  InferAttributes<ConnectionLog>,
  InferCreationAttributes<ConnectionLog>
> {
  declare id: string;
  declare connectedAt: Date;
  declare disconnectedAt: Date | null;
  declare disconnectReason: string | null;
  declare gatewayVersion: string;
  declare agentVersion: string;
}

/** The model for one Sequelize instance: a class of its own, so that two stores in a process keep apart. */
export function connectionLogOn(sequelize: Sequelize): typeof ConnectionLog {
  return class extends ConnectionLog {}.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      connectedAt: { type: DataTypes.DATE(3), allowNull: false },
      disconnectedAt: { type: DataTypes.DATE(3), allowNull: true },
      disconnectReason: { type: DataTypes.TEXT, allowNull: true },
      gatewayVersion: { type: DataTypes.STRING, allowNull: false },
      agentVersion: { type: DataTypes.STRING, allowNull: false },
    },
    { sequelize, modelName: 'ConnectionLog', tableName: 'connection_logs', timestamps: false },
  );
}

/** The entry a row holds. Throws StoreError `corrupt` when someone put in what no entry is. */
export function connectionFromRow(row: ConnectionLog): ConnectionLogEntry {
  const { connectedAt, disconnectedAt, ...rest } = row.get();
  return parseRow('connection', connectionLogSchema, {
    ...rest,
    connectedAt: instantFrom(connectedAt),
    disconnectedAt: instantFrom(disconnectedAt),
  });
}

/** The row an entry is stored as. */
export function rowFromConnection(entry: ConnectionLogEntry): CreationAttributes<ConnectionLog> {
  const { connectedAt, disconnectedAt } = entry;
  return {
    ...entry,
    connectedAt: new Date(connectedAt),
    disconnectedAt: disconnectedAt === null ? null : new Date(disconnectedAt),
  };
}
