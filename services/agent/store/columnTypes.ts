// Types of columns whose values must compare alike on every database.

import { DataTypes, type DataType, type QueryInterface } from 'sequelize';

/**
 * A UUID, as the lower-case text it was given. SQL Server's own type would tell it in upper case and sort it by its last
 * bytes. Bytewise, so that ids compare and sort as on SQLite; NCHAR, because our statements compare it with NVARCHAR, and
 * no index helps with a column that must be converted first.
 */
export function uuidColumn(queryInterface: QueryInterface): DataType {
  return isMssql(queryInterface) ? 'NCHAR(36) COLLATE Latin1_General_100_BIN2' : DataTypes.UUID;
}

/**
 * A host name: case makes no difference, whatever the collation of the database. SQLite is told so by the index.
 */
export function hostColumn(queryInterface: QueryInterface): DataType {
  return isMssql(queryInterface) ? 'NVARCHAR(255) COLLATE Latin1_General_100_CI_AS' : DataTypes.STRING;
}

function isMssql(queryInterface: QueryInterface): boolean {
  return queryInterface.sequelize.getDialect() === 'mssql';
}
