// Creates the mappings and their revision. Applied migrations never change: write the next one instead.

import { DataTypes } from 'sequelize';

import type { Migration } from '../migrate.ts';

export const portMappings: Migration = {
  name: '0001-port-mappings',
  async up(queryInterface, transaction) {
    const text = { type: DataTypes.STRING, allowNull: false };
    const whole = { type: DataTypes.INTEGER, allowNull: false };
    const flag = { type: DataTypes.BOOLEAN, allowNull: false };
    const time = { type: DataTypes.DATE(3), allowNull: false };

    await queryInterface.createTable(
      'port_mappings',
      {
        id: { type: DataTypes.UUID, primaryKey: true },
        name: text,
        externalDomain: text,
        externalPort: whole,
        internalHost: text,
        internalPort: whole,
        internalProtocol: text,
        allowInvalidCertificates: flag,
        hostHeader: text,
        enabled: flag,
        createdAt: time,
        updatedAt: time,
      },
      { transaction },
    );
    // SQL Server compares without case by itself; SQLite has to be told.
    await queryInterface.addIndex('port_mappings', {
      name: 'port_mappings_domain_port',
      unique: true,
      fields: [{ name: 'externalDomain', collate: 'NOCASE' }, 'externalPort'],
      transaction,
    });

    await queryInterface.createTable(
      'config',
      {
        id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: false },
        revision: { type: DataTypes.BIGINT, allowNull: false },
      },
      { transaction },
    );
    await queryInterface.bulkInsert('config', [{ id: 1, revision: 0 }], { transaction });
  },
};
