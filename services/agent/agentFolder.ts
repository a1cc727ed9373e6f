// Takes the data folder for an agent that starts: nobody else uses it from then on, and a restore that was broken off is over.

import { inDataFolder } from '../dataFolder.ts';
import type { Log } from '../log.ts';
import { createOwnerFolder } from '../ownerFolder.ts';
import { loadAgentId } from './agentId.ts';
import { lockDataFolder, type DataFolderLock } from './dataFolderLock.ts';
import { endBegunRestore, removeWaiting } from './restoreSwap.ts';
import type { StorePlace } from './sqlitePlace.ts';
import { parseConnectionString } from './store/connectionString.ts';

export interface AgentFolder {
  readonly agentId: string;
  readonly lock: DataFolderLock;
}

/** Rejects with a ConfigError, or a ConnectionStringError. */
export async function takeAgentFolder(
  place: StorePlace,
  log: Pick<Log, 'info' | 'warn'>,
): Promise<AgentFolder> {
  const { dataDir } = place;
  inDataFolder(dataDir, () => createOwnerFolder(dataDir));
  // Before anything is read: a restore may be under way, which changes the id as well.
  const lock = await lockDataFolder(dataDir, log);
  try {
    if (isInFile(place)) await settle(place, log);
    return { agentId: loadAgentId(dataDir), lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Only what is in a file is restored. */
function isInFile({ connectionString, dataDir }: StorePlace): boolean {
  return parseConnectionString(connectionString ?? undefined, dataDir).kind === 'sqlite';
}

/** What a restore has begun is ended; what it had only made ready when it was broken off is removed. */
async function settle(place: StorePlace, log: Pick<Log, 'info' | 'warn'>): Promise<void> {
  if (await endBegunRestore(place)) {
    log.info({}, 'A restore that was broken off has been ended.');
    return;
  }
  try {
    removeWaiting(place);
  } catch (error) {
    log.warn({ error }, 'What a restore that was broken off has left behind cannot be removed.');
  }
}
