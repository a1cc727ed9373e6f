// SQL Server as the database of the store, through the driver tedious.

import { BaseError, Sequelize, type Options, type Transaction } from 'sequelize';

import type { DatabaseAdapter, StoreLog } from './databaseAdapter.ts';
import { migrate, tellApplied } from './migrate.ts';
import { lockUntilEnd, MAPPINGS_LOCK, MIGRATION_LOCK } from './mssqlLock.ts';
import type { MssqlTarget } from './mssqlTarget.ts';
import { StoreError } from './store.ts';

/** How long one statement may take. Raised: an edit answers 503 later when the server hangs. */
const QUERY_TIMEOUT_MS = 10_000;
/** How long a server may take to confirm that a late statement is off. Then the connection goes. Raised: as above. */
const CANCEL_TIMEOUT_MS = 2_000;
/** What getting a connection may take beyond the connect timeout: below 0, one that is just made would be left over. */
const ACQUIRE_SPARE_MS = 1_000;

/** One holds the migration lock while another migrates. Raised: a server with few connections to give meets its limit. */
const MAX_CONNECTIONS = 2;
/** How long an unused connection stays. Raised: the server holds one longer for an agent that nobody edits. */
const IDLE_MS = 60_000;

/** How long to wait while another process migrates. Raised: a start takes longer to say that one hangs. */
const MIGRATION_PATIENCE_MS = 60_000;
/** How long to wait for another process's transaction. Raised: an edit answers 503 later when one hangs. */
const MAPPINGS_PATIENCE_MS = 5_000;

/** Error numbers of SQL Server that say the stored data is damaged: wrong page, I/O error, torn page or bad checksum. */
const DAMAGE_NUMBERS = new Set([605, 823, 824]);

/** Loaded only when it is used: it takes half a second and 48 MB that SQLite never needs (measured). */
const loadTedious = async (): Promise<object> => (await import('tedious')).default;

export interface MssqlOptions {
  /** Another driver in tedious's shape. */
  readonly loadDriver?: () => Promise<object>;
  /** How long one statement may take. */
  readonly queryTimeoutMs?: number;
}

/** The database on that server. It must exist; its tables are created on connect. */
export function mssqlDatabase(
  target: MssqlTarget,
  log: StoreLog,
  { loadDriver = loadTedious, queryTimeoutMs = QUERY_TIMEOUT_MS }: MssqlOptions = {},
): DatabaseAdapter {
  return { connect, isDamage, lockMappings };

  async function connect(signal?: AbortSignal): Promise<Sequelize> {
    const sequelize = new Sequelize({
      ...sequelizeOptions(target, queryTimeoutMs),
      dialectModule: await loadDriver(),
    });
    const connections = trackConnections(sequelize);
    try {
      // A transaction that does nothing but hold the lock: each migration commits in one of its own.
      const applied = await sequelize.transaction(async (holder) => {
        const patienceMs = MIGRATION_PATIENCE_MS;
        await lockUntilEnd(sequelize, holder, {
          name: MIGRATION_LOCK,
          mode: 'Exclusive',
          patienceMs,
          signal,
        });
        return migrate(sequelize);
      });
      tellApplied(log, applied);
      return sequelize;
    } catch (error) {
      await sequelize.close();
      // Sequelize forgets the connection on which it failed to learn the server's version.
      for (const connection of connections) connection.close();
      throw withReason(error);
    }
  }
}

function sequelizeOptions(target: MssqlTarget, queryTimeoutMs: number): Options {
  return {
    dialect: 'mssql',
    host: target.server,
    ...(target.port === null ? {} : { port: target.port }),
    database: target.database,
    username: target.user,
    password: target.password,
    timezone: '+00:00',
    dialectOptions: {
      options: {
        appName: 'octoporty',
        encrypt: target.encrypt,
        trustServerCertificate: target.trustServerCertificate,
        ...(target.instanceName === null ? {} : { instanceName: target.instanceName }),
        useUTC: true,
        connectTimeout: target.connectTimeoutMs,
        requestTimeout: queryTimeoutMs,
        cancelTimeout: CANCEL_TIMEOUT_MS,
        // Whoever opens the store tries again itself, and would wait for all of the driver's attempts.
        maxRetriesOnTransientErrors: 0,
      },
    },
    pool: {
      min: 0,
      max: MAX_CONNECTIONS,
      idle: IDLE_MS,
      acquire: target.connectTimeoutMs + ACQUIRE_SPARE_MS,
    },
    logging: false,
    // A statement that failed is not sent again: its transaction is over.
    retry: { max: 1 },
  };
}

/** Writers are alone, as SQLite's are; a read meets none of them, so that its statements tell of one state. */
function lockMappings(kind: 'read' | 'write', sequelize: Sequelize, transaction: Transaction): Promise<void> {
  return lockUntilEnd(sequelize, transaction, {
    name: MAPPINGS_LOCK,
    mode: kind === 'read' ? 'Shared' : 'Exclusive',
    patienceMs: MAPPINGS_PATIENCE_MS,
  });
}

interface Closable {
  close(): void;
}

/** The connections that are open, kept up to date. */
function trackConnections(sequelize: Sequelize): ReadonlySet<Closable> {
  const connections = new Set<Closable>();
  sequelize.addHook('afterConnect', (connection: unknown) => {
    if (isClosable(connection)) connections.add(connection);
  });
  sequelize.addHook('afterDisconnect', (connection: unknown) => {
    if (isClosable(connection)) connections.delete(connection);
  });
  return connections;
}

function isClosable(connection: unknown): connection is Closable {
  return (
    typeof connection === 'object' &&
    connection !== null &&
    'close' in connection &&
    typeof connection.close === 'function'
  );
}

/** The driver tries each address of a name, and says of several failures only that there were some. */
function withReason(error: unknown): unknown {
  const original: unknown = error instanceof BaseError && 'original' in error ? error.original : null;
  if (!(original instanceof Error && original.cause instanceof AggregateError)) return error;
  const reasons = original.cause.errors.map((each: unknown) =>
    each instanceof Error ? each.message : String(each),
  );
  return new StoreError('unavailable', `${original.message}: ${reasons.join(', ')}.`, error);
}

function isDamage(error: BaseError): boolean {
  const cause: unknown = 'original' in error ? error.original : null;
  return (
    cause instanceof Error &&
    'number' in cause &&
    typeof cause.number === 'number' &&
    DAMAGE_NUMBERS.has(cause.number)
  );
}
