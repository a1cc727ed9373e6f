// Owns the test of backups of older versions: an agent of this one goes on with what is in them.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backUp } from '../../../services/agent/backup.ts';
import { restore } from '../../../services/agent/restore.ts';
import { MIGRATIONS } from '../../../services/agent/store/migrate.ts';
import { makeOlderDatabase, OLD_SNAPSHOT } from '../store/olderDatabase.ts';
import { storeOn, tempDir } from '../store/tempStore.ts';
import { folders, NOW_MS, place } from './backupStage.ts';

test.each(MIGRATIONS.slice(1).map((_, index) => index + 1))(
  'what the version with %d migrations has kept is restored, and brought up to date by the agent',
  async (migrations) => {
    const { dataDir, backup } = folders();
    await makeOlderDatabase(join(dataDir, 'octoporty.sqlite'), migrations);
    await backUp(place(dataDir), backup);
    const elsewhere = tempDir();
    const { path, mappings } = await restore(place(elsewhere), backup, NOW_MS);
    expect(mappings).toBe(OLD_SNAPSHOT.mappings.length);
    const store = storeOn(path);
    await store.open();
    expect(await store.readAll()).toEqual(OLD_SNAPSHOT);
  },
);
