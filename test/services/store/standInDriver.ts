// A stand-in for the SQL Server driver: sends nothing, notes every statement, and answers with the rows it is given.

import { EventEmitter } from 'node:events';

import tedious, { type Request } from 'tedious';

export type Row = Readonly<Record<string, string | number | boolean | Date | null>>;

/** The rows of a statement, or the error that the server says instead. Undefined: no rows. */
export type Answer = (sql: string) => readonly Row[] | Error | undefined;

/** An error of the server, with its number. */
export class ServerError extends Error {
  readonly code = 'EREQUEST';
  readonly number: number;

  constructor(number: number, message: string) {
    super(message);
    this.number = number;
  }
}

/** The connection is gone, and with it the statement. */
export class ConnectionLost extends Error {
  readonly code = 'ESOCKET';
}

export interface StandInDriver {
  /** To be handed to mssqlDatabase. */
  load(): Promise<object>;
  /** Takes what was sent so far, transactions included, parameters in the place of their names. */
  taken(): string[];
  /** Connections that are open now. */
  openCount(): number;
  /** What each connection was asked for, in order. */
  readonly configs: unknown[];
}

/** Later answers win over those before, and all of them over what any server says of itself. */
export function standInDriver(...answers: Answer[]): StandInDriver {
  let statements: string[] = [];
  let openCount = 0;
  const configs: unknown[] = [];

  class Connection extends EventEmitter {
    readonly STATE = {
      INITIALIZED: { name: 'Initialized' },
      LOGGED_IN: { name: 'LoggedIn' },
      FINAL: { name: 'Final' },
    };
    state = this.STATE.INITIALIZED;
    closed = false;

    constructor(config: unknown) {
      super();
      configs.push(config);
    }

    connect(): void {
      this.state = this.STATE.LOGGED_IN;
      openCount += 1;
      setImmediate(() => this.emit('connect'));
    }

    close(): void {
      if (this.closed) return;
      this.closed = true;
      openCount -= 1;
      setImmediate(() => this.emit('end'));
    }

    beginTransaction(done: Done): void {
      this.#note('BEGIN', done);
    }

    commitTransaction(done: Done): void {
      this.#note('COMMIT', done);
    }

    rollbackTransaction(done: Done): void {
      this.#note('ROLLBACK', done);
    }

    execSql(request: Request): void {
      const sql = request.sqlTextOrProcedure ?? '';
      statements.push(withParameters(sql, request));
      const answer = answerTo(sql, answers);
      setImmediate(() => {
        if (answer instanceof ConnectionLost) this.#lose(answer);
        const rows = answer instanceof Error ? [] : answer;
        for (const row of rows) request.emit('row', columnsOf(row));
        request.callback(answer instanceof Error ? answer : null, rows.length);
      });
    }

    #lose(reason: ConnectionLost): void {
      this.state = this.STATE.FINAL;
      this.close();
      this.emit('error', reason);
    }

    #note(statement: string, done: Done): void {
      if (!this.closed) statements.push(statement);
      setImmediate(() => done(this.closed ? new ConnectionLost('It is closed.') : undefined));
    }
  }

  return {
    load: async () => ({ ...tedious, Connection }),
    taken: () => {
      const taken = statements;
      statements = [];
      return taken;
    },
    openCount: () => openCount,
    configs,
  };
}

type Done = (error?: Error) => void;

const OF_ANY_SERVER: Answer = (sql) => {
  if (sql.includes('ProductVersion')) return [{ version: '15.0.2000' }];
  if (sql.includes('sp_getapplock')) return [{ outcome: 0 }];
  return sql.includes('OUTPUT INSERTED') ? [{}] : undefined;
};

function answerTo(sql: string, answers: readonly Answer[]): readonly Row[] | Error {
  for (const answer of [OF_ANY_SERVER, ...answers].toReversed()) {
    const rows = answer(sql);
    if (rows !== undefined) return rows;
  }
  return [];
}

function withParameters(sql: string, { parameters }: Request): string {
  return sql.replaceAll(/@(\d+)\b/g, (name, index: string) => {
    const parameter = parameters.find((each) => each.name === index);
    return parameter === undefined ? name : JSON.stringify(parameter.value);
  });
}

/** As the driver tells a row: typed columns. */
function columnsOf(row: Row): object[] {
  return Object.entries(row).map(([colName, value]) => ({
    metadata: { colName, type: { id: typeIdOf(value) } },
    value,
  }));
}

/** TDS data types: BITN, INTN, DATETIMEOFFSETN, NVARCHAR (MS-TDS §2.2.5.4). */
function typeIdOf(value: Row[string]): number {
  if (typeof value === 'boolean') return 0x68;
  if (typeof value === 'number') return 0x26;
  return value instanceof Date ? 0x2b : 0xe7;
}
