// Keeps the logins in `sessions.json` of the data folder, as far as the disk allows.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Log } from '../log.ts';
import { writeWholeFile } from '../wholeFile.ts';

/** What is kept of a session: nothing that lets anybody in. */
export interface KeptSession {
  /** Of the token, in base64url. */
  readonly digest: string;
  readonly createdMs: number;
  readonly usedMs: number;
}

export interface SessionFile {
  /** What was kept; nothing, and a line in the log, when the file cannot be used. */
  read(): readonly KeptSession[];
  /** Writes what is true now. Resolves when it is on the disk, or when the disk has refused it: sessions go on in memory. */
  save(): Promise<void>;
}

const FILE = 'sessions.json';

/** Far above what we write. Raised: a foreign file holds up the start, and fills the memory. */
const MAX_FILE_BYTES = 1024 * 1024;

const fileSchema = z.object({
  version: z.literal(1),
  sessions: z.array(
    z.object({
      digest: z.string().regex(/^[\w-]{43}$/),
      createdMs: z.int().nonnegative(),
      usedMs: z.int().nonnegative(),
    }),
  ),
});

export function createSessionFile(
  dataDir: string,
  current: () => readonly KeptSession[],
  log: Pick<Log, 'info' | 'warn'>,
): SessionFile {
  const path = join(dataDir, FILE);
  let isRefused = false;

  async function write(): Promise<void> {
    const content: z.input<typeof fileSchema> = { version: 1, sessions: [...current()] };
    try {
      await writeWholeFile(path, `${JSON.stringify(content)}\n`);
    } catch (error) {
      // Once: every login and every minute of use would say it again.
      if (!isRefused) log.warn({ error, path }, 'Logins cannot be kept: they end when the agent stops.');
      isRefused = true;
      return;
    }
    if (isRefused) log.info({ path }, 'Logins are kept again.');
    isRefused = false;
  }

  return {
    read() {
      try {
        return readKept(path);
      } catch (error) {
        log.warn({ error, path }, 'The kept logins cannot be read: everybody has to log in again.');
        return [];
      }
    },
    save: inTurn(write),
  };
}

function readKept(path: string): readonly KeptSession[] {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return [];
  if (size > MAX_FILE_BYTES) throw new Error(`The file has ${size} bytes: it is not ours.`);
  return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).sessions;
}

/** One run at a time. Whoever calls during a run waits for the next one, which sees all that was true at the call. */
function inTurn(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  function begin(): Promise<void> {
    next = undefined;
    running = run().finally(() => {
      if (next === undefined) running = undefined;
    });
    return running;
  }
  return () => {
    if (running === undefined) return begin();
    next ??= running.then(begin);
    return next;
  };
}
