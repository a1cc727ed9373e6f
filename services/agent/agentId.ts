// The agent's id: drawn once, kept in the data folder, so that the gateway knows the same agent after a restart.

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../config/variables.ts';
import { inDataFolder } from '../dataFolder.ts';
import { createOwnerFolder } from '../ownerFolder.ts';
import { textIfThere } from '../textIfThere.ts';

/** In the data folder. */
export const AGENT_ID_FILE = 'agent-id';

/** Throws ConfigError, one plain line, when the file cannot be read, written or understood. */
export function loadAgentId(dataDir: string): string {
  return inDataFolder(dataDir, () => {
    const path = join(dataDir, AGENT_ID_FILE);
    createOwnerFolder(dataDir);
    const text = textIfThere(path)?.trim();
    const known = z.uuid().safeParse(text);
    if (known.success) return known.data;
    // Never overwritten: mappings belong to the id that was there.
    if (text !== undefined && text !== '')
      throw new ConfigError(
        `${path} holds no agent id: restore it from a backup, or delete it, and the next start makes a new one.`,
      );
    const id = randomUUID();
    // An empty one is what a crash left behind. Where none was, another agent may have made one meanwhile.
    writeFileSync(path, `${id}\n`, { mode: 0o600, flag: text === '' ? 'w' : 'wx', flush: true });
    return id;
  });
}

/** The id that was drawn; null where there is none, or none that could be read as one. */
export function readAgentId(dataDir: string): string | null {
  const text = inDataFolder(dataDir, () => textIfThere(join(dataDir, AGENT_ID_FILE)));
  return z.uuid().safeParse(text?.trim()).data ?? null;
}
