// Writes a small file whole: whoever reads it, after a crash too, finds the old text or the new one, never a part.

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createOwnerFolder } from './ownerFolder.ts';

/**
 * For its owner only (mode 0600), in a folder that is made when it is missing. One caller at a time for each path.
 * Rejects with the system's error; the old text is then still there.
 */
export async function writeWholeFile(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const aside = `${path}.new`;
  createOwnerFolder(folder);
  // One that a crash left behind keeps its mode and its links: begun anew.
  await rm(aside, { force: true });
  try {
    await writeThrough(aside, text);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Until the folder is on the disk, a power cut may bring the old file back. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
