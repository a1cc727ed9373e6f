// The store as the agent uses it: every call is carried out by the store's own thread.

import type { DatabaseTarget } from './connectionString.ts';
import type { StoreLog } from './databaseAdapter.ts';
import type { StoreAndJournal } from './localStore.ts';
import { RunningThread, type ThreadOptions } from './runningThread.ts';
import { StoreError } from './store.ts';
import type { StoreCalls, StoreMethod } from './threadMessages.ts';

/** Patience, and the file that the thread runs: a test has its own. */
export type ThreadSettings = Pick<ThreadOptions, 'file' | 'silentMs' | 'closeMs' | 'lookMs'>;

/**
 * A store on the database, not open yet: no thread runs before. A thread that dies or hangs fails what it owes an answer
 * with `unavailable`, and so does every call until the next open(), which starts another one.
 */
export function createThreadedStore(
  target: DatabaseTarget,
  log: StoreLog,
  settings: ThreadSettings = {},
): StoreAndJournal {
  let thread: RunningThread | null = null;
  /** Settles when the thread before is gone: a read sees every write asked for before it. */
  let before: Promise<unknown> = Promise.resolve();

  async function open(): Promise<void> {
    if (thread?.isUsable !== true) {
      thread = new RunningThread({ ...settings, start: { target }, log, after: before });
    }
    return thread.call('open');
  }

  async function close(): Promise<void> {
    const closing = thread?.close().catch((error: unknown) => {
      // A thread that had to be given up is closed as well: nobody can do more about it.
      if (!(error instanceof StoreError)) throw error;
    });
    thread = null;
    before = Promise.all([before, closing]);
    await before;
  }

  function ask<Method extends StoreMethod>(method: Method) {
    return async (
      ...args: Parameters<StoreCalls[Method]>
    ): Promise<Awaited<ReturnType<StoreCalls[Method]>>> => {
      if (thread === null) throw new StoreError('unavailable', 'It is not open.');
      return thread.call(method, ...args);
    };
  }

  return {
    store: {
      open,
      close,
      readAll: ask('readAll'),
      create: ask('create'),
      upsertByDomain: ask('upsertByDomain'),
      update: ask('update'),
      remove: ask('remove'),
      editMany: ask('editMany'),
      ping: ask('ping'),
      probe: ask('probe'),
    },
    journal: {
      append: ask('append'),
      readRequests: ask('readRequests'),
      readConnections: ask('readConnections'),
      readTimings: ask('readTimings'),
      readLastSeen: ask('readLastSeen'),
      prune: ask('prune'),
      endAbandoned: ask('endAbandoned'),
    },
  };
}
