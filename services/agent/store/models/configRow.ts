// The single row that holds the revision of the mappings.

import {
  DataTypes,
  Model,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

/** The id of the only row. */
export const CONFIG_ID = 1;

export class ConfigRow extends Model<InferAttributes<ConfigRow>, InferCreationAttributes<ConfigRow>> {
  declare id: number;
  declare revision: number;
}

/** The model for one Sequelize instance: a class of its own, so that two stores in a process keep apart. */
export function configRowOn(sequelize: Sequelize): typeof ConfigRow {
  return class extends ConfigRow {}.init(
    {
      id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: false },
      revision: { type: DataTypes.BIGINT, allowNull: false },
    },
    { sequelize, modelName: 'Config', tableName: 'config', timestamps: false },
  );
}
