// Stores and journals on SQL Server's dialect, over a driver that sends nothing.

import { onTestFinished } from 'vitest';

import { createStoreOn, type StoreAndJournal } from '../../../services/agent/store/localStore.ts';
import { MIGRATIONS } from '../../../services/agent/store/migrate.ts';
import { mssqlDatabase } from '../../../services/agent/store/mssqlDatabase.ts';
import type { MssqlTarget } from '../../../services/agent/store/mssqlTarget.ts';
import { draft } from './drafts.ts';
import { standInDriver, type Answer, type StandInDriver } from './standInDriver.ts';

export const ID = '00000000-0000-4000-8000-00000000000a';
export const OTHER_ID = '00000000-0000-4000-8000-00000000000b';
export const AT = '2026-01-31T12:00:00.123Z';

export const TARGET: MssqlTarget = {
  kind: 'mssql',
  server: 'db.example.com',
  port: 1433,
  instanceName: null,
  database: 'octoporty',
  user: 'agent',
  password: 'secret',
  encrypt: true,
  trustServerCertificate: false,
  connectTimeoutMs: 1000,
};

export const ROW = { ...draft(), id: ID, createdAt: new Date(AT), updatedAt: new Date(AT) };

/** A server that has been migrated, and holds one mapping at revision 7. */
export const FILLED: Answer = (sql) => {
  if (sql.includes('FROM [migrations]')) return MIGRATIONS.map(({ name }) => ({ name }));
  if (sql.includes('FROM [config]')) return [{ id: 1, revision: '7' }];
  if (sql.includes('count(*)')) return [{ count: 1 }];
  return /^SELECT .* FROM \[port_mappings\]/.test(sql) ? [ROW] : undefined;
};

export interface OnStandIn extends StoreAndJournal {
  readonly driver: StandInDriver;
}

/** A store on a server that is empty but for these answers; not open yet, closed after the test. */
export function storeOn(...answers: Answer[]): OnStandIn {
  return storeAt(TARGET, ...answers);
}

/** The same, by another way in. */
export function storeAt(target: MssqlTarget, ...answers: Answer[]): OnStandIn {
  const driver = standInDriver(...answers);
  const both = createStoreOn(
    mssqlDatabase(target, { info: () => {} }, { loadDriver: driver.load }),
    source(),
  );
  onTestFinished(() => both.store.close());
  return { driver, ...both };
}

/** A store on the filled server, open, with nothing taken yet; the answers win over the server's. */
export async function openOn(...answers: Answer[]): Promise<OnStandIn> {
  const all = storeOn(FILLED, ...answers);
  await all.store.open();
  all.driver.taken();
  return all;
}

function source() {
  return { wallMs: () => Date.parse(AT), newId: () => ID };
}
