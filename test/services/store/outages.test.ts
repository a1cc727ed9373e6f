// A SQLite store whose file cannot be used for a while: each outage is told by its code, and over when its cause is gone.

import { chmodSync, closeSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { Transaction } from 'sequelize';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { Mapping } from '../../../protocol/mapping.ts';
import type { DatabaseAdapter } from '../../../services/agent/store/databaseAdapter.ts';
import type { LogBatch } from '../../../services/agent/store/journal.ts';
import { createStoreOn, type StoreAndJournal } from '../../../services/agent/store/localStore.ts';
import { sqliteDatabase } from '../../../services/agent/store/sqliteDatabase.ts';
import { expectStoreError } from './contract.ts';
import { draft } from './drafts.ts';
import { request } from './entries.ts';
import { bothOn, tempDir, testSource } from './tempStore.ts';

/** Who may do nothing but read, when the tests run as root. */
const NOBODY = 65_534;
const SUFFIXES = ['', '-wal', '-shm'];

describe('an outage of a SQLite store', () => {
  it('by a process that keeps the file locked fails writes only, and is over when it lets go', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const both = bothOn(path);
    const mapping = await started(both);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await expectStoreError(both.store.probe(), 'unavailable', /locked/);
    await both.store.ping();
    expect((await both.store.readAll()).mappings).toEqual([mapping]);
    other.exec('ROLLBACK');
    other.close();
    await expectAllWell(both, mapping);
  });

  it('by a folder that became read-only is over when it can be written again', async () => {
    const dir = tempDir();
    const path = join(dir, 'store.sqlite');
    const both = bothOn(path);
    const mapping = await started(both);
    await whileReadOnly(dir, async () => {
      await expectWritesFail(both);
    });
    await expectAllWell(both, mapping);
  });

  it('by a full disk is over when there is room again', async () => {
    const disk = { isFull: false };
    const path = join(tempDir(), 'store.sqlite');
    const both = createStoreOn(onDisk(sqliteDatabase(path, { info: () => {} }), disk), testSource());
    onTestFinished(() => both.store.close());
    const mapping = await started(both);
    disk.isFull = true;
    const filled = await mappingsUntilFull(both);
    await expectStoreError(both.journal.append(bigBatch()), 'unavailable', /full/);
    disk.isFull = false;
    await both.journal.append(bigBatch());
    expect((await both.store.readAll()).mappings).toHaveLength(1 + filled);
    await expectAllWell(both, mapping);
  });

  it('by damage to the file is told as such, and is over when the file is restored', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const both = bothOn(path);
    const mapping = await started(both);
    moveLogIntoFile(path);
    const { size } = statSync(path);
    const intact = readFileSync(path);
    // All but the first page, by which the file is known.
    overwrite(path, Buffer.alloc(size - 4096, 0xa5), 4096);
    await expectStoreError(both.store.readAll(), 'corrupt', /backup/);
    await expectStoreError(both.store.update(mapping.id, { name: 'Other' }), 'corrupt');
    await expectStoreError(both.journal.readRequests({ limit: 1 }), 'corrupt');
    overwrite(path, intact, 0);
    await expectAllWell(both, mapping);
  });

  it('by a file that was moved away is over when it is back', async () => {
    const dir = tempDir();
    const path = join(dir, 'store.sqlite');
    const both = bothOn(path);
    const mapping = await started(both);
    for (const suffix of SUFFIXES) renameSync(`${path}${suffix}`, `${path}.away${suffix}`);
    await expectWritesFail(both);
    await expectStoreError(both.store.ping(), 'unavailable');
    await expectStoreError(both.store.readAll(), 'unavailable');
    await expectStoreError(both.journal.readRequests({ limit: 1 }), 'unavailable');
    for (const suffix of SUFFIXES) renameSync(`${path}.away${suffix}`, `${path}${suffix}`);
    await expectAllWell(both, mapping);
  });
});

/** Opens the store, and answers what it was acknowledged. */
async function started({ store, journal }: StoreAndJournal): Promise<Mapping> {
  await store.open();
  const { mapping } = await store.create(draft());
  await journal.append({ requests: [request()], connections: [] });
  return mapping;
}

async function expectWritesFail({ store, journal }: StoreAndJournal): Promise<void> {
  await expectStoreError(store.create(draft({ externalDomain: 'b.example' })), 'unavailable');
  await expectStoreError(store.probe(), 'unavailable');
  await expectStoreError(journal.append({ requests: [request()], connections: [] }), 'unavailable');
}

/** Everything answered is there, and everything works, without another open. */
async function expectAllWell({ store, journal }: StoreAndJournal, mapping: Mapping): Promise<void> {
  await store.probe();
  const before = await store.readAll();
  expect(before.mappings).toContainEqual(mapping);
  const write = await store.create(draft({ externalDomain: 'later.example' }));
  expect(write.revision).toBe(before.revision + 1);
  await journal.append({ requests: [request({ path: '/later' })], connections: [] });
  expect(await journal.readRequests({ limit: 10, path: '/later' })).toHaveLength(1);
  expect((await journal.readRequests({ limit: 500 })).length).toBeGreaterThan(1);
}

/** Root may write whatever the mode says: it becomes somebody else for as long. */
async function whileReadOnly(dir: string, work: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  setModes(dir, 0o555, 0o444);
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    setModes(dir, 0o700, 0o600);
  }
}

function setModes(dir: string, ofDir: number, ofFiles: number): void {
  for (const suffix of SUFFIXES) chmodSync(join(dir, `store.sqlite${suffix}`), ofFiles);
  chmodSync(dir, ofDir);
}

/** The same database on a disk that may be full: SQLite is allowed no page more than it has. */
function onDisk(database: DatabaseAdapter, disk: { readonly isFull: boolean }): DatabaseAdapter {
  const limited = (sequelize: Awaited<ReturnType<DatabaseAdapter['connect']>>) => {
    const limitedOnes = new WeakSet<Transaction>();
    sequelize.addHook('beforeQuery', async ({ transaction }: { transaction?: Transaction }) => {
      if (!disk.isFull || transaction === undefined || limitedOnes.has(transaction)) return;
      limitedOnes.add(transaction);
      await sequelize.query('PRAGMA max_page_count = 1', { transaction });
    });
    return sequelize;
  };
  return {
    ...database,
    connect: async (signal) => limited(await database.connect(signal)),
    connectLoosely: () => limited(database.connectLoosely?.() ?? notLoose()),
  };
}

function notLoose(): never {
  throw new Error('SQLite has a loose side.');
}

/** How many more found room in the pages there are. */
async function mappingsUntilFull({ store }: StoreAndJournal): Promise<number> {
  for (let count = 0; ; count += 1) {
    const write = await store
      .create(draft({ externalDomain: `n${count}.example` }))
      .catch((error: unknown) => error);
    if (!(write instanceof Error)) continue;
    await expectStoreError(Promise.reject(write), 'unavailable', /full/);
    return count;
  }
}

function bigBatch(): LogBatch {
  return {
    requests: Array.from({ length: 100 }, () => request({ path: `/${'x'.repeat(1000)}` })),
    connections: [],
  };
}

function moveLogIntoFile(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

function overwrite(path: string, bytes: Buffer, position: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}
