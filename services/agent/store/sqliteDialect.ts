// node:sqlite in the shape of the sqlite3 package, as far as Sequelize 6 uses it: no compiler, no native dependency.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import { primaryCode, whileBusy } from './whileBusy.ts';

/** How long a statement waits for another process's transaction. Raised: an edit answers 503 later when one hangs. */
const PATIENCE_MS = 5000;

/** Sequelize picks its error classes by these names; the rest serve the log. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
};

export const OPEN_READWRITE = 2;
export const OPEN_CREATE = 4;

/** What went wrong in SQLite, named as Sequelize expects it. */
export class SqliteError extends Error {
  readonly code: string;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'SqliteError';
    this.code = CODE_NAMES[primaryCode(cause) ?? 0] ?? 'SQLITE_ERROR';
  }
}

type Done = (error: SqliteError | null) => void;
/** Called with the Statement as `this`, as sqlite3 does. */
type RowsDone = (this: Statement, error: SqliteError | null, rows?: unknown[]) => void;

/** What a statement did. Sequelize recognises it by its class's name. */
export class Statement {
  lastID = 0;
  changes = 0;
}

/** One connection to one existing file. It never creates the file: a vanished database must not come back empty. */
export class Database {
  /** What was answered 2xx must outlast a power cut: WAL syncs each commit only in FULL. */
  static readonly synchronous: 'FULL' | 'NORMAL' = 'FULL';
  readonly filename: string;
  #connection: DatabaseSync | null = null;

  constructor(filename: string, _mode: number, done: Done) {
    this.filename = filename;
    const { synchronous } = new.target;
    whileBusy(PATIENCE_MS, () => connect(filename, synchronous)).then(
      (connection) => {
        this.#connection = connection;
        done(null);
      },
      (error: unknown) => done(new SqliteError(error)),
    );
  }

  /** sqlite3 runs statements in parallel unless told so; this one never does. */
  serialize(work: () => void): void {
    work();
  }

  run(sql: string, parameters: object = {}, done: RowsDone = ignoreRows): void {
    this.#execute(sql, done, (connection, statement) => {
      const outcome = connection.prepare(sql).run(bound(parameters));
      statement.lastID = Number(outcome.lastInsertRowid);
      statement.changes = Number(outcome.changes);
      return [];
    });
  }

  all(sql: string, ...rest: [done: RowsDone] | [parameters: object, done: RowsDone]): void {
    const [parameters, done] = rest.length === 1 ? [{}, rest[0]] : rest;
    this.#execute(sql, done, (connection) => {
      // Sequelize rolls back a BEGIN that failed, and would leave the connection open if that failed too.
      if (/^ROLLBACK/i.test(sql) && !connection.isTransaction) return [];
      return connection.prepare(sql).all(bound(parameters));
    });
  }

  close(done: Done = () => {}): void {
    this.#connection?.close();
    this.#connection = null;
    done(null);
  }

  #execute(
    sql: string,
    done: RowsDone,
    act: (connection: DatabaseSync, statement: Statement) => unknown[],
  ): void {
    const statement = new Statement();
    whileBusy(PATIENCE_MS, () => {
      if (this.#connection === null) throw new Error('The connection is closed.');
      return act(this.#connection, statement);
    }).then(
      (rows) => done.call(statement, null, rows),
      (error: unknown) => {
        // Sequelize forgets a connection whose COMMIT failed without closing it: its write lock would stay for ever.
        if (/^COMMIT/i.test(sql)) this.close();
        done.call(statement, new SqliteError(error));
      },
    );
  }
}

/**
 * The same without a sync at each commit: a power cut undoes the last commits, but damages nothing, because WAL is
 * synced before any of it is copied into the file. A synced commit of another connection takes these along.
 */
export class LooseDatabase extends Database {
  static override readonly synchronous = 'NORMAL';
}

function connect(filename: string, synchronous: 'FULL' | 'NORMAL'): DatabaseSync {
  const url = pathToFileURL(filename);
  url.searchParams.set('mode', 'rw');
  const connection = new DatabaseSync(url, { timeout: 0 });
  try {
    connection.exec('PRAGMA journal_mode = WAL');
    connection.exec(`PRAGMA synchronous = ${synchronous}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Sequelize binds an object by `$name`, or an empty array. */
function bound(parameters: object): Record<string, SQLInputValue> {
  const named: [string, unknown][] = Object.entries(parameters);
  return Object.fromEntries(named.map(([name, value]) => [name, bindable(value)]));
}

function bindable(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`A ${typeof value} cannot be stored.`);
}

function ignoreRows(): void {}
