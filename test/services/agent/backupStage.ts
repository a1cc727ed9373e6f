// Folders of agents, and backups of them, for the tests of backup and restore.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadAgentId } from '../../../services/agent/agentId.ts';
import { draft } from '../store/drafts.ts';
import { storeOn, tempDir } from '../store/tempStore.ts';

export const NOW_MS = Date.UTC(2026, 10, 23, 3, 15);

export function place(dataDir: string) {
  return { dataDir, connectionString: null };
}

export function folders() {
  const dataDir = tempDir();
  const away = join(tempDir(), 'away');
  mkdirSync(away);
  return { dataDir, backup: join(away, 'backup.sqlite') };
}

/** The folder of a stopped agent with one mapping. */
export async function agentWith(externalDomain: string) {
  const { dataDir, backup } = folders();
  const id = loadAgentId(dataDir);
  const store = storeOn(join(dataDir, 'octoporty.sqlite'));
  await store.open();
  await store.create(draft({ externalDomain }));
  await store.close();
  return { dataDir, backup, id };
}

export async function domainsIn(path: string): Promise<string[]> {
  const store = storeOn(path);
  await store.open();
  const { mappings } = await store.readAll();
  await store.close();
  return mappings.map(({ externalDomain }) => externalDomain);
}
