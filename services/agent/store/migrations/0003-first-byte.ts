// Adds to each request when its answer began. Applied migrations never change: write the next one instead.

import { DataTypes } from 'sequelize';

import type { Migration } from '../migrate.ts';

export const firstByte: Migration = {
  name: '0003-first-byte',
  async up(queryInterface, transaction) {
    // Of rows that are there already nobody knows it.
    const column = { type: DataTypes.DOUBLE, allowNull: true };
    await queryInterface.addColumn('request_logs', 'firstByteMs', column, { transaction });
  },
};
