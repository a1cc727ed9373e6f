// What a connection string means: which database, where, and how to get in.

import { join } from 'node:path';

import { adoNetSettings } from './adoNetString.ts';
import { mssqlTargetFrom, type MssqlSetting, type MssqlTarget } from './mssqlTarget.ts';
import { ConnectionStringError } from './connectionStringError.ts';

export interface SqliteTarget {
  readonly kind: 'sqlite';
  /** As written: relative to where the process runs. */
  readonly path: string;
}

export type DatabaseTarget = SqliteTarget | MssqlTarget;

const FILE_NAME = 'octoporty.sqlite';

/** The settings a URL may carry behind its `?`, by their ADO.NET names, which the rest of the store speaks. */
const URL_SETTINGS: ReadonlyMap<string, MssqlSetting> = new Map([
  ['encrypt', 'encrypt'],
  ['trustservercertificate', 'trustservercertificate'],
  ['instancename', 'instance name'],
  ['connecttimeout', 'connection timeout'],
]);

/**
 * Absent or empty: a SQLite file in the data folder. Otherwise `sqlite:<path>`,
 * `mssql://user:password@host:1433/database?encrypt=true`, or an ADO.NET string (`Server=…;Database=…;…`).
 * Throws ConnectionStringError.
 */
export function parseConnectionString(text: string | undefined, dataDir: string): DatabaseTarget {
  if (text === undefined || text.trim() === '') return { kind: 'sqlite', path: join(dataDir, FILE_NAME) };
  if (/^\s*sqlite:/i.test(text)) return sqliteTarget(text.trim());
  if (/^\s*mssql:/i.test(text)) return mssqlTargetFrom(urlSettings(text.trim()));
  if (/^[^=:/]+=/.test(text)) return mssqlTargetFrom(adoNetSettings(text));
  throw new ConnectionStringError(
    'must be sqlite:<path to a file>, mssql://user:password@host:1433/database, or Server=…;Database=…;User Id=…;Password=….',
  );
}

function sqliteTarget(text: string): SqliteTarget {
  const path = text.replace(/^sqlite:(\/\/)?/i, '');
  // SQLite takes a name that begins with a colon for no file at all.
  if (path === '' || path.startsWith(':')) {
    throw new ConnectionStringError('must be sqlite:<path to a file>.');
  }
  return { kind: 'sqlite', path };
}

function urlSettings(text: string): Map<MssqlSetting, string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^mssql:\/\/[^/]/i.test(text)) {
    throw new ConnectionStringError(
      'must be like mssql://user:password@host:1433/database: percent-encode what is not a letter or digit in the password, and give a port from 1 to 65535.',
    );
  }
  const settings = new Map<MssqlSetting, string>([
    ['data source', url.hostname],
    ['port', url.port],
    ['initial catalog', decoded(url.pathname.replace(/^\//, ''), 'database')],
    ['user id', decoded(url.username, 'user')],
    ['password', decoded(url.password, 'password')],
  ]);
  for (const [name, value] of url.searchParams) {
    const setting = URL_SETTINGS.get(name.toLowerCase());
    // The name is not repeated: an unescaped "?" or "&" in a password would make it part of one.
    if (setting === undefined) {
      throw new ConnectionStringError(
        'has a setting behind its "?" that is not known: use encrypt, trustServerCertificate, instanceName or connectTimeout.',
      );
    }
    settings.set(setting, value);
  }
  return settings;
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new ConnectionStringError(`has a "%" in the ${what} that begins no escape: write it as %25.`);
  }
}
