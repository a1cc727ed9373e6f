// Which SQL Server, and how to get in: its settings as text, checked and typed.

import { ConnectionStringError } from './connectionStringError.ts';

export interface MssqlTarget {
  readonly kind: 'mssql';
  readonly server: string;
  /** Null when the instance's name decides: the server's browser service tells the port. */
  readonly port: number | null;
  readonly instanceName: string | null;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** `strict`: TLS before the first byte of TDS (TDS 8.0). */
  readonly encrypt: boolean | 'strict';
  /** True: whoever sits on the way may pose as the server. */
  readonly trustServerCertificate: boolean;
  readonly connectTimeoutMs: number;
}

/** By their ADO.NET names; the last two only come from URLs or with the server. */
const SETTINGS = [
  'data source',
  'initial catalog',
  'user id',
  'password',
  'encrypt',
  'trustservercertificate',
  'connection timeout',
  'port',
  'instance name',
] as const;
export type MssqlSetting = (typeof SETTINGS)[number];
export type MssqlSettings = ReadonlyMap<MssqlSetting, string>;

const DEFAULT_PORT = 1433;

/** Until the server has taken the login. Raised: a start takes longer to say that a server hangs. */
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/** Longest a string may ask for. Raised: closing waits as long for a server that hangs. */
const MAX_CONNECT_TIMEOUT_MS = 120_000;

export function isMssqlSetting(name: string): name is MssqlSetting {
  return SETTINGS.some((setting) => setting === name);
}

/** Throws ConnectionStringError. */
export function mssqlTargetFrom(settings: MssqlSettings): MssqlTarget {
  const { server, port, instanceName } = parseServer(required(settings, 'data source', 'server'));
  const givenPort = settings.get('port') || port;
  const instance = settings.get('instance name') ?? instanceName;
  return {
    kind: 'mssql',
    server,
    // As SqlClient does: a port that is given wins over the instance's name.
    port: givenPort !== undefined ? parsePort(givenPort) : instance === undefined ? DEFAULT_PORT : null,
    instanceName: givenPort === undefined ? (instance ?? null) : null,
    database: required(settings, 'initial catalog', 'database'),
    user: required(settings, 'user id', 'user'),
    password: required(settings, 'password', 'password'),
    encrypt: parseEncrypt(settings.get('encrypt') ?? 'true'),
    trustServerCertificate: parseBoolean(
      settings.get('trustservercertificate') ?? 'false',
      'TrustServerCertificate',
    ),
    connectTimeoutMs: parseTimeout(settings.get('connection timeout')),
  };
}

function required(settings: MssqlSettings, setting: MssqlSetting, what: string): string {
  const value = settings.get(setting) ?? '';
  if (value !== '') return value;
  throw new ConnectionStringError(
    `names no ${what}: use mssql://user:password@host:1433/database, or Server=…;Database=…;User Id=…;Password=….`,
  );
}

/** `tcp:host,1433`, `host\instance`, `.`, `(local)`, an address, or a bare name. */
function parseServer(text: string): { server: string; port?: string; instanceName?: string } {
  const [, host = '', instanceName, port] =
    /^(?:tcp:)?\s*(\.|\(local\)|\[[0-9a-f:.]+\]|[\w.-]+|[0-9a-f:]+:[0-9a-f:.]*)(?:\\([\w$#-]+))?\s*(?:,\s*(.*))?$/i.exec(
      text,
    ) ?? [];
  if (host === '') {
    throw new ConnectionStringError(
      'names a server we cannot reach: give a host name or address, such as Server=db.example.com,1433, and no protocol but tcp:.',
    );
  }
  const isThisMachine = host === '.' || host.toLowerCase() === '(local)';
  return {
    server: isThisMachine ? 'localhost' : host.replace(/^\[(.*)\]$/, '$1'),
    ...(port === undefined ? {} : { port }),
    ...(instanceName === undefined ? {} : { instanceName }),
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text.trim()) && port >= 1 && port <= 65_535) return port;
  throw new ConnectionStringError('must have a port from 1 to 65535, such as Server=db.example.com,1433.');
}

function parseEncrypt(text: string): boolean | 'strict' {
  const word = text.toLowerCase();
  if (word === 'strict') return 'strict';
  // What newer versions of SqlClient call true and false.
  if (word === 'mandatory') return true;
  return word === 'optional' ? false : parseBoolean(text, 'Encrypt');
}

function parseBoolean(text: string, name: string): boolean {
  const word = text.toLowerCase();
  if (word === 'true' || word === 'yes') return true;
  if (word === 'false' || word === 'no') return false;
  throw new ConnectionStringError(`must have ${name} as true or false.`);
}

function parseTimeout(text: string | undefined): number {
  if (text === undefined) return DEFAULT_CONNECT_TIMEOUT_MS;
  const ms = Number(text) * 1000;
  if (/^\d{1,4}$/.test(text) && ms >= 1000 && ms <= MAX_CONNECT_TIMEOUT_MS) return ms;
  throw new ConnectionStringError(
    `must have a connection timeout from 1 to ${MAX_CONNECT_TIMEOUT_MS / 1000} seconds.`,
  );
}
