// The table of mappings.

import {
  DataTypes,
  Model,
  type CreationAttributes,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';

import { mappingSchema, type Mapping } from '../../../../protocol/mapping.ts';
import { instantFrom, parseRow } from '../rows.ts';

export class PortMapping extends Model<InferAttributes<PortMapping>, InferCreationAttributes<PortMapping>> {
  declare id: string;
  declare name: string;
  declare externalDomain: string;
  declare externalPort: number;
  declare internalHost: string;
  declare internalPort: number;
  declare internalProtocol: string;
  declare allowInvalidCertificates: boolean;
  declare hostHeader: string;
  declare enabled: boolean;
  declare createdAt: Date;
  declare updatedAt: Date;
}

/** The model for one Sequelize instance: a class of its own, so that two stores in a process keep apart. */
export function portMappingOn(sequelize: Sequelize): typeof PortMapping {
  return class extends PortMapping {}.init(
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      name: text(),
      externalDomain: text(),
      externalPort: whole(),
      internalHost: text(),
      internalPort: whole(),
      internalProtocol: text(),
      allowInvalidCertificates: flag(),
      hostHeader: text(),
      enabled: flag(),
      createdAt: time(),
      updatedAt: time(),
    },
    // The times are the store's own: its clock decides them, not Sequelize's.
    { sequelize, modelName: 'PortMapping', tableName: 'port_mappings', timestamps: false },
  );
}

/** The mapping a row holds. Throws StoreError `corrupt` when someone put in what no mapping is. */
export function mappingFromRow(row: PortMapping): Mapping {
  const { createdAt, updatedAt, ...rest } = row.get();
  return parseRow('mapping', mappingSchema, {
    ...rest,
    createdAt: instantFrom(createdAt),
    updatedAt: instantFrom(updatedAt),
  });
}

/** The row a mapping is stored as. */
export function rowFromMapping(mapping: Mapping): CreationAttributes<PortMapping> {
  return { ...mapping, createdAt: new Date(mapping.createdAt), updatedAt: new Date(mapping.updatedAt) };
}

function text() {
  return { type: DataTypes.STRING, allowNull: false };
}

function whole() {
  return { type: DataTypes.INTEGER, allowNull: false };
}

function flag() {
  return { type: DataTypes.BOOLEAN, allowNull: false };
}

function time() {
  return { type: DataTypes.DATE(3), allowNull: false };
}
