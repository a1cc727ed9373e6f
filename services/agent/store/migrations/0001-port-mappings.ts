// Creates the mappings and their revision. Applied migrations never change: write the next one instead.

import { DataTypes } from 'sequelize';

import { hostColumn, uuidColumn } from '../columnTypes.ts';
import type { Migration } from '../migrate.ts';

export const portMappings: Migration = {
  name: '0001-port-mappings',
  async up(queryInterface, transaction) {
    // A new object for each column: Sequelize writes the column's name into it.
    const text = () => ({ type: DataTypes.STRING, allowNull: false });
    const whole = () => ({ type: DataTypes.INTEGER, allowNull: false });
    const flag = () => ({ type: DataTypes.BOOLEAN, allowNull: false });
    const time = () => ({ type: DataTypes.DATE(3), allowNull: false });

    await queryInterface.createTable(
      'port_mappings',
      {
        id: { type: uuidColumn(queryInterface), primaryKey: true },
        name: text(),
        externalDomain: { type: hostColumn(queryInterface), allowNull: false },
        externalPort: whole(),
        internalHost: text(),
        internalPort: whole(),
        internalProtocol: text(),
        allowInvalidCertificates: flag(),
        // A host of 253 characters, a colon and a port.
        hostHeader: { type: DataTypes.STRING(259), allowNull: false },
        enabled: flag(),
        createdAt: time(),
        updatedAt: time(),
      },
      { transaction },
    );
    // SQL Server knows from the column that case makes no difference; SQLite is told here.
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
