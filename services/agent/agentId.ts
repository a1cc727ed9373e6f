// The agent's id: drawn once, kept in the data folder, so that the gateway knows the same agent after a restart.

import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const FILE = 'agent-id';

/** @throws Error with one plain line when the file cannot be read, written or understood. */
export function loadAgentId(dataDir: string): string {
  const path = join(dataDir, FILE);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const known = z.uuid().safeParse(readIfThere(path)?.trim());
  if (known.success) return known.data;
  const id = randomUUID();
  // `wx`: an id that is there but unreadable as such is never overwritten, because mappings belong to it.
  writeFileSync(path, `${id}\n`, { mode: 0o600, flag: 'wx' });
  return id;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
