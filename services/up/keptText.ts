// Owns the texts that `octoporty up` makes up once and keeps: the secret and the first password, for their owner only.

import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
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
    const kept = readKept(dataDir, name);
    if (kept !== null) return { path, text: kept, isNew: false };
    const text = make();
    createOwnerFolder(dataDir);
    writeWhole(path, `${text}\n`);
    return { path, text, isNew: true };
  });
}

/** The text of that name as an earlier start has kept it; null when none has. Throws ConfigError when it cannot be read. */
export function readKept(dataDir: string, name: string): string | null {
  return inDataFolder(dataDir, () => textIfThere(join(dataDir, name)))?.trim() || null;
}

/** Written aside and renamed, so that a crash leaves a whole file or none. */
function writeWhole(path: string, text: string): void {
  const aside = `${path}.${process.pid}`;
  const file = openSync(aside, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
}
