// Creates the logs of requests and connections. Applied migrations never change: write the next one instead.

import { DataTypes } from 'sequelize';

import { uuidColumn } from '../columnTypes.ts';
import type { Migration } from '../migrate.ts';

export const logs: Migration = {
  name: '0002-logs',
  async up(queryInterface, transaction) {
    // A new object for each column: Sequelize writes the column's name into it.
    const key = () => ({ type: uuidColumn(queryInterface), primaryKey: true });
    const text = () => ({ type: DataTypes.STRING, allowNull: false });
    const big = () => ({ type: DataTypes.BIGINT, allowNull: false });
    const time = () => ({ type: DataTypes.DATE(3), allowNull: false });

    await queryInterface.createTable(
      'request_logs',
      {
        id: key(),
        // No foreign key: what a mapping was asked outlives it.
        portMappingId: { type: uuidColumn(queryInterface), allowNull: false },
        timestamp: time(),
        method: text(),
        // A target is as long as its visitor made it.
        path: { type: DataTypes.TEXT, allowNull: false },
        statusCode: { type: DataTypes.INTEGER, allowNull: true },
        durationMs: { type: DataTypes.DOUBLE, allowNull: false },
        bytesIn: big(),
        bytesOut: big(),
        outcome: text(),
        errorCode: { ...text(), allowNull: true },
        visitorAddress: text(),
      },
      { transaction },
    );
    // Ids rise with time: the key itself is the order of the log.
    await queryInterface.addIndex('request_logs', {
      name: 'request_logs_of_mapping',
      fields: ['portMappingId', 'id'],
      transaction,
    });

    await queryInterface.createTable(
      'connection_logs',
      {
        id: key(),
        connectedAt: time(),
        disconnectedAt: { ...time(), allowNull: true },
        disconnectReason: { type: DataTypes.TEXT, allowNull: true },
        gatewayVersion: text(),
        agentVersion: text(),
      },
      { transaction },
    );
  },
};
