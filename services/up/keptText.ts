// Owns the texts that `octoporty up` makes up once and keeps: the secret and the first password, for their owner only.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../config/variables.ts';
import { inDataFolder } from '../dataFolder.ts';
import { createOwnerFolder } from '../ownerFolder.ts';
import { textIfThere } from '../textIfThere.ts';

export interface KeptText {
  readonly path: string;
  readonly text: string;
  /** Made up just now: nobody has seen it yet. */
  readonly isNew: boolean;
}

/** Reads the text of that name in the folder, or makes and keeps it. Throws ConfigError when the folder cannot be used. */
export function keptText(dataDir: string, name: string, make: () => string): KeptText {
  return inDataFolder(dataDir, () => {
    const path = join(dataDir, name);
    const before = textIfThere(path);
    const kept = before?.trim();
    if (kept) return { path, text: kept, isNew: false };
    const text = make();
    createOwnerFolder(dataDir);
    try {
      // An empty one is what a crash left behind.
      writeFileSync(path, `${text}\n`, { mode: 0o600, flag: before === null ? 'wx' : 'w', flush: true });
      return { path, text, isNew: true };
    } catch (error) {
      // Another start has kept one meanwhile, and runs with it.
      const theirs = readKept(dataDir, name);
      if (theirs === null || reasonOf(error) !== 'EEXIST') throw error;
      return { path, text: theirs, isNew: false };
    }
  });
}

/** The text of that name as an earlier start has kept it; null when none has. Throws ConfigError when it cannot be read. */
export function readKept(dataDir: string, name: string): string | null {
  return inDataFolder(dataDir, () => textIfThere(join(dataDir, name)))?.trim() || null;
}
