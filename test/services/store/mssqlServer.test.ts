// The contracts of store and journal on a real SQL Server: the one that OCTOPORTY_TEST_MSSQL names, if it names one.

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { parseConnectionString } from '../../../services/agent/store/connectionString.ts';
import { databaseFrom } from '../../../services/agent/store/databaseFrom.ts';
import { createLocalStore, type StoreAndJournal } from '../../../services/agent/store/localStore.ts';
import type { StoreSource } from '../../../services/agent/store/store.ts';
import { describeStoreContract } from './contract.ts';
import { draft } from './drafts.ts';
import { describeJournalContract } from './journalContract.ts';
import { testSource } from './tempStore.ts';

const TABLES = ['migrations', 'port_mappings', 'config', 'request_logs', 'connection_logs'];

const given = process.env.OCTOPORTY_TEST_MSSQL ?? '';
// Unlike a missing program, no failure under CI: a server is more than a package to install.
if (given === '') {
  console.warn(
    'Skipped. These tests need a SQL Server: set OCTOPORTY_TEST_MSSQL to the connection string of a database of its own.',
  );
}

describe.skipIf(given === '')('on a real SQL Server', () => {
  beforeEach(dropTables);

  describeStoreContract('SQL Server', (source) => onServer(source).store);
  describeJournalContract('SQL Server', () => onServer());

  it('two stores that start at once migrate it once, and both write', async () => {
    const applied: object[] = [];
    const stores = [1, 2].map(() => onServer(testSource(), applied).store);
    await Promise.all(stores.map((store) => store.open()));
    expect(applied).toHaveLength(1);
    const writes = stores.flatMap((store, index) =>
      [1, 2, 3].map((port) =>
        store.create(draft({ externalDomain: `${index}.example`, externalPort: port })),
      ),
    );
    const revisions = (await Promise.all(writes)).map(({ revision }) => revision);
    expect(revisions.toSorted((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

function onServer(source: StoreSource = testSource(), logged: object[] = []): StoreAndJournal {
  const log = { info: (fields: object) => void logged.push(fields) };
  const both = createLocalStore(parseConnectionString(given, '/nonexistent'), log, source);
  onTestFinished(() => both.store.close());
  return both;
}

/** Another test or run may have left tables behind. Connecting migrates them; then they go. */
async function dropTables(): Promise<void> {
  const target = parseConnectionString(given, '/nonexistent');
  if (target.kind !== 'mssql') throw new Error('OCTOPORTY_TEST_MSSQL names no SQL Server.');
  const sequelize = await databaseFrom(target, { info: () => {} }).connect();
  for (const table of TABLES) await sequelize.getQueryInterface().dropTable(table);
  await sequelize.close();
}
