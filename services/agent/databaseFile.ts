// A database as files: what SQLite keeps beside it belongs to it. Links are looked at themselves, not what they lead to.

import { lstatSync, rmSync, statSync } from 'node:fs';

/** Of a database and what is beside it. Left behind, a part would be taken for one of the next database of that name. */
export const DATABASE_PARTS = ['', '-wal', '-shm', '-journal'] as const;

export type FileKind = 'nothing' | 'file' | 'folder' | 'deadLink';

/** Throws the system's error where nobody may look. */
export function kindOf(path: string): FileKind {
  if (!isThere(path)) return 'nothing';
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'deadLink';
  return found.isDirectory() ? 'folder' : 'file';
}

/** Throws the system's error where nobody may look. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** What a crash has left behind, too. */
export function removeDatabase(path: string): void {
  for (const part of DATABASE_PARTS) rmSync(path + part, { force: true });
}
