// One query to a SQL Server on a connection of its own: no migration, no transaction, nothing left behind.

import type { ConnectionConfiguration } from 'tedious';
import type { MssqlTarget } from '../store/mssqlTarget.ts';

/** A read of the mappings that takes longer than an edit may. */
const QUERY_TIMEOUT_MS = 10_000;

type Row = Record<string, unknown>;

/** Rows as objects by column name. Rejects with the driver's error, which repeats no password. */
export async function readMssqlRows(target: MssqlTarget, query: string): Promise<Row[]> {
  // Loaded only when it is used: SQLite never needs it.
  const { default: tedious } = await import('tedious');
  const connection = new tedious.Connection(configurationOf(target));
  const rows: Row[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error === undefined ? resolve() : reject(error)));
    });
    await new Promise<void>((resolve, reject) => {
      const request = new tedious.Request(query, (error) => (error ? reject(error) : resolve()));
      request.on('row', (columns: readonly Column[]) => rows.push(rowOf(columns)));
      connection.execSql(request);
    });
    return rows;
  } finally {
    connection.close();
  }
}

/** As the driver hands it over. */
interface Column {
  readonly metadata: { readonly colName: string };
  readonly value: unknown;
}

function rowOf(columns: readonly Column[]): Row {
  return Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value]));
}

function configurationOf(target: MssqlTarget): ConnectionConfiguration {
  return {
    server: target.server,
    authentication: { type: 'default', options: { userName: target.user, password: target.password } },
    options: {
      appName: 'octoporty doctor',
      database: target.database,
      encrypt: target.encrypt,
      trustServerCertificate: target.trustServerCertificate,
      ...(target.port === null ? {} : { port: target.port }),
      ...(target.instanceName === null ? {} : { instanceName: target.instanceName }),
      connectTimeout: target.connectTimeoutMs,
      requestTimeout: QUERY_TIMEOUT_MS,
      maxRetriesOnTransientErrors: 0,
      useUTC: true,
    },
  };
}
