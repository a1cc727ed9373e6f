// Locks by name in a SQL Server database. Whoever holds one lets it go with its transaction, killed processes included.

import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';

import { StoreError } from './store.ts';

/** What each lock guards; every process of ours on the database knows them by these names. */
export const MIGRATION_LOCK = 'octoporty migrations';
export const MAPPINGS_LOCK = 'octoporty mappings';

/** What sp_getapplock answers when the wait was in vain. Below it: cancelled, a deadlock's victim, a wrong call. */
const TIMED_OUT = -1;

export interface LockWish {
  readonly name: typeof MIGRATION_LOCK | typeof MAPPINGS_LOCK;
  /** Shared: others may share it, and nobody holds it exclusively. */
  readonly mode: 'Shared' | 'Exclusive';
  readonly patienceMs: number;
  /** Aborted: no longer waits. */
  readonly signal?: AbortSignal | undefined;
}

/** Longest single wait on the server. Raised: an aborted wait ends later, and a query timeout below it cuts every wait. */
const SLICE_MS = 1000;

/**
 * Holds the lock until the transaction ends. Throws StoreError `unavailable` when it did not get it in time. A lock on a
 * name, because it says what is meant whatever the isolation level, and because whoever takes it first thing can meet
 * nobody in a deadlock: SERIALIZABLE would need each write to be repeated when the server picks it as the victim.
 */
export async function lockUntilEnd(
  sequelize: Sequelize,
  transaction: Transaction,
  { name, mode, patienceMs, signal }: LockWish,
): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const waitMs = Math.max(0, Math.min(SLICE_MS, Math.ceil(deadlineMs - performance.now())));
    const outcome = await ask(sequelize, transaction, lockStatement(name, mode, waitMs));
    // 0: at once. 1: after a wait.
    if (outcome >= 0) return;
    const isOver = signal?.aborted === true || performance.now() >= deadlineMs;
    if (outcome !== TIMED_OUT || isOver) {
      throw new StoreError(
        'unavailable',
        `The lock "${name}" was not given (${outcome}): another process holds it.`,
      );
    }
  }
}

function lockStatement(name: string, mode: string, waitMs: number): string {
  return [
    'DECLARE @outcome INT;',
    `EXEC @outcome = sys.sp_getapplock @Resource = N'${name}', @LockMode = N'${mode}',`,
    `@LockOwner = N'Transaction', @LockTimeout = ${waitMs};`,
    'SELECT @outcome AS outcome;',
  ].join(' ');
}

async function ask(sequelize: Sequelize, transaction: Transaction, statement: string): Promise<number> {
  const [row] = await sequelize.query<{ outcome: unknown }>(statement, {
    type: QueryTypes.SELECT,
    transaction,
  });
  if (typeof row?.outcome === 'number') return row.outcome;
  throw new StoreError('unavailable', 'The server did not say whether it gave a lock.');
}
