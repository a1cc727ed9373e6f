// What `octoporty backup` and `octoporty restore` do, and say of it in lines for a person.

import { ConfigError } from '../config/variables.ts';
import { backUp } from './backup.ts';
import { restore } from './restore.ts';
import type { StorePlace } from './sqlitePlace.ts';

export async function backUpAndTell(place: StorePlace, file: string): Promise<string> {
  const { path, bytes } = await backUp(place, file, stopAsked());
  return `The backup is ${path} (${Math.ceil(bytes / 1024)} KB): mappings, logs and the agent's id, and no secret.\n`;
}

export async function restoreAndTell(place: StorePlace, file: string, nowMs: number): Promise<string> {
  const { path, mappings, before } = await restore(place, file, nowMs);
  const kept = before === null ? '' : `What was there is ${before} now.\n`;
  return `Restored to ${path}; mappings: ${mappings}. Start the agent now.\n${kept}`;
}

/** The second time, the process ends at once. */
function stopAsked(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stopping.abort(new ConfigError('Stopped: no backup was made.')));
  return stopping.signal;
}
