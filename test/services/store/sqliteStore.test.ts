// What is particular to the SQLite store: its files, its migrations, and databases it cannot use.

import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Transaction } from 'sequelize';
import { describe, expect, it, vi } from 'vitest';

import { MAX_MAPPINGS } from '../../../protocol/mapping.ts';
import { createStore } from '../../../services/agent/store/createStore.ts';
import { migrate, MIGRATIONS, type Migration } from '../../../services/agent/store/migrate.ts';
import { sqliteDatabase } from '../../../services/agent/store/sqliteDatabase.ts';
import { expectStoreError } from './contract.ts';
import { draft } from './drafts.ts';
import { request } from './entries.ts';
import { makeOlderDatabase, OLD_REQUEST, OLD_SNAPSHOT, OLDER_VERSIONS } from './olderDatabase.ts';
import { bothOn, storeOn, tempDir } from './tempStore.ts';

const log = { info: () => {} };

/** With so many migrations and more there is a request log. */
const LOGS_MIGRATION = 2;

describe('the files of the SQLite store', () => {
  it('are made in the data folder, readable by their owner only', async () => {
    const dataDir = join(tempDir(), 'new', 'data');
    const { store } = createStore({ dataDir, log });
    await store.open();
    await store.create(draft());
    for (const suffix of ['', '-wal', '-shm', '.lock']) {
      expect([suffix, statSync(join(dataDir, `octoporty.sqlite${suffix}`)).mode & 0o777]).toEqual([
        suffix,
        0o600,
      ]);
    }
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    await store.close();
  });

  it('are in WAL mode, and compare domains without case', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    await store.create(draft());
    const database = new DatabaseSync(path);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(() =>
      database.exec("UPDATE port_mappings SET id = 'x', externalDomain = 'APP.example.com'"),
    ).not.toThrow();
    expect(() =>
      database.exec(
        `INSERT INTO port_mappings SELECT 'y', name, 'App.Example.com', externalPort, internalHost, internalPort,
          internalProtocol, allowInvalidCertificates, hostHeader, enabled, createdAt, updatedAt FROM port_mappings`,
      ),
    ).toThrow(/UNIQUE/);
    database.close();
  });

  it('hold times in UTC with milliseconds', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    await store.create(draft());
    const database = new DatabaseSync(path);
    const row = database.prepare('SELECT createdAt FROM port_mappings').get();
    expect(row).toEqual({ createdAt: '2026-01-31 12:00:00.123 +00:00' });
    database.close();
  });

  it('are one history to two stores in one process', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const [one, other] = [storeOn(path), storeOn(path)];
    await Promise.all([one.open(), other.open()]);
    const writes = Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? one : other).create(draft({ externalDomain: `n${index}.example` })),
    );
    const revisions = (await Promise.all(writes)).map(({ revision }) => revision);
    expect(revisions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await one.readAll()).toEqual(await other.readAll());
  });
});

describe('a full SQLite store', () => {
  it('refuses one more mapping, and still changes those it has', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    const { mapping } = await store.create(draft());
    editFile(
      path,
      `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_MAPPINGS})
        INSERT INTO port_mappings SELECT 'id' || i, name, 'n' || i || '.example', externalPort, internalHost,
        internalPort, internalProtocol, allowInvalidCertificates, hostHeader, enabled, createdAt, updatedAt
        FROM port_mappings, n`,
    );
    const another = draft({ externalDomain: 'another.example' });
    await expectStoreError(store.create(another), 'full');
    await expectStoreError(store.upsertByDomain(another), 'full');
    await expectStoreError(store.editMany([{ kind: 'create', draft: another }]), 'full');
    expect(await store.upsertByDomain(draft({ internalPort: 1 }))).toMatchObject({ revision: 2 });
    await store.remove(mapping.id);
    expect((await store.create(another)).revision).toBe(4);
  });
});

describe('the migrations', () => {
  it('run once: the second start finds nothing to do and keeps the data', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    const before = await store.create(draft());
    await store.close();

    const sequelize = await sqliteDatabase(path, log).connect();
    expect(await migrate(sequelize)).toEqual([]);
    await sequelize.close();
    await store.open();
    expect(await store.readAll()).toEqual({ revision: 1, mappings: [before.mapping] });
  });

  it.each(OLDER_VERSIONS)('bring a database of %s here with all that it holds', async (_name, migrations) => {
    const path = join(tempDir(), 'store.sqlite');
    await makeOlderDatabase(path, migrations);
    const { store, journal } = bothOn(path);
    await store.open();
    expect(await store.readAll()).toEqual(OLD_SNAPSHOT);
    expect((await store.create(draft({ externalDomain: 'new.example' }))).revision).toBe(8);
    const entry = request();
    await journal.append({ requests: [entry], connections: [] });
    const old = migrations >= LOGS_MIGRATION ? [OLD_REQUEST] : [];
    expect(await journal.readRequests({ limit: 10 })).toEqual([entry, ...old]);
  });

  it('that fail leave nothing behind, and run whole the next time', async () => {
    const sequelize = await sqliteDatabase(join(tempDir(), 'store.sqlite'), log).connect();
    let isBroken = true;
    const migrations: Migration[] = [
      ...MIGRATIONS,
      {
        name: '9999-later',
        up: async (_queryInterface, transaction) => {
          await sequelize.query('CREATE TABLE later (id INTEGER)', { transaction });
          if (isBroken) throw new Error('half done');
        },
      },
    ];
    await expect(migrate(sequelize, migrations)).rejects.toThrow(/half done/);
    isBroken = false;
    expect(await migrate(sequelize, migrations)).toEqual(['9999-later']);
    await sequelize.close();
  });

  it('refuse a database that a newer version has migrated', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    await store.close();
    editFile(path, "INSERT INTO migrations VALUES ('9999-future')");
    await expectStoreError(store.open(), 'unavailable', /newer version \(9999-future\)/);
  });
});

describe('a database that cannot be used', () => {
  it('is unavailable where no file can be made', async () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, '');
    const error = await expectStoreError(
      storeOn(join(path, 'store.sqlite')).open(),
      'unavailable',
      /store\.sqlite: /,
    );
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('is unavailable when a folder has its name', async () => {
    const path = join(tempDir(), 'store.sqlite');
    mkdirSync(path);
    await expectStoreError(storeOn(path).open(), 'unavailable');
  });

  it('is corrupt when the file is no database, and the file stays as it was', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const garbage = 'not a database\n'.repeat(1000);
    writeFileSync(path, garbage);
    const error = await expectStoreError(storeOn(path).open(), 'corrupt', /backup/);
    expect(error.cause).toBeInstanceOf(Error);
    expect(readFileSync(path, 'utf8')).toBe(garbage);
  });

  it('is corrupt when its pages are damaged', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    await store.create(draft());
    await store.close();
    const file = openSync(path, 'r+');
    const { size } = statSync(path);
    writeSync(file, Buffer.alloc(size - 100, 0xa5), 0, size - 100, 100);
    closeSync(file);
    await expectStoreError(store.open(), 'corrupt');
  });

  it('is corrupt when a row holds what no mapping is, and the message names the field', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    await store.create(draft());
    editFile(path, "UPDATE port_mappings SET internalHost = 'http://elsewhere'");
    await expectStoreError(store.readAll(), 'corrupt', /internalHost/);
  });

  it('is unavailable once its file has vanished, and does not come back empty', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`);
    await expectStoreError(store.create(draft()), 'unavailable');
    await expectStoreError(store.readAll(), 'unavailable');
    expect(existsSync(path)).toBe(false);
  });

  it('can be opened by the same store once it is mended', async () => {
    const path = join(tempDir(), 'store.sqlite');
    writeFileSync(path, 'x'.repeat(1000));
    const store = storeOn(path);
    await expectStoreError(store.open(), 'corrupt');
    rmSync(path);
    await store.open();
    expect((await store.create(draft())).revision).toBe(1);
  });

  it('is unlocked after a commit that failed', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const sequelize = await sqliteDatabase(path, log).connect();
    await sequelize.query('CREATE TABLE parent (id INTEGER PRIMARY KEY)');
    await sequelize.query('CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)');
    const failing = sequelize.transaction({ type: Transaction.TYPES.IMMEDIATE }, (transaction) =>
      sequelize.query('INSERT INTO child VALUES (1)', { transaction }),
    );
    // Sequelize says so on the console itself.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    await expect(failing).rejects.toThrow(/FOREIGN KEY/);
    warn.mockRestore();
    const store = storeOn(path);
    await store.open();
    expect((await store.create(draft())).revision).toBe(1);
    await sequelize.close();
  });
});

describe('a connection string', () => {
  it.each(['sqlite:', 'sqlite://'])('names a file after %s', async (prefix) => {
    const path = join(tempDir(), 'named.sqlite');
    const { store } = createStore({ connectionString: `${prefix}${path}`, dataDir: '/nonexistent', log });
    await store.open();
    await store.close();
    expect(existsSync(path)).toBe(true);
  });
});

/** Runs SQL on a file from outside the store. */
function editFile(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
