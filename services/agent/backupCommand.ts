// What `octoporty backup` and `octoporty restore` do, and say of it in lines for a person.

import { backUp } from './backup.ts';
import { restore } from './restore.ts';
import type { StorePlace } from './sqlitePlace.ts';

export async function backUpAndTell(place: StorePlace, file: string): Promise<string> {
  const { path, bytes } = await backUp(place, file);
  return `The backup is ${path} (${Math.ceil(bytes / 1024)} KB): mappings, logs and the agent's id, and no secret.\n`;
}

export async function restoreAndTell(place: StorePlace, file: string, nowMs: number): Promise<string> {
  const { path, mappings, before } = await restore(place, file, nowMs);
  const kept = before === null ? '' : `What was there is ${before} now.\n`;
  return `Restored to ${path}; mappings: ${mappings}. Start the agent now.\n${kept}`;
}
