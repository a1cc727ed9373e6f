// Owns the note in the data folder that says where a running `octoporty up` listens: its ports need not be those it was told.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { jsonIn } from '../jsonIn.ts';
import type { Stoppable } from '../lifecycle.ts';
import type { Log } from '../log.ts';
import { textIfThere } from '../textIfThere.ts';
import { writeWholeFile } from '../wholeFile.ts';

const portSchema = z.int().min(1).max(65_535);

const listenerSchema = z.object({ host: z.string(), port: portSchema });

const whereaboutsSchema = z.object({
  gateway: listenerSchema,
  dashboard: listenerSchema,
  /** Null: no Caddy stands in front. */
  caddy: z.object({ port: portSchema, adminUrl: z.string() }).nullable(),
});

const NOT_OURS: ReadonlySet<unknown> = new Set(['EACCES', 'ENOTDIR']);

export type Whereabouts = Readonly<z.output<typeof whereaboutsSchema>>;

/** Leaves the note until the end; by whoever holds the folder. One that cannot be written is no reason not to run. */
export async function noteWhereabouts(
  dataDir: string,
  whereabouts: Whereabouts,
  log: Pick<Log, 'warn'>,
): Promise<Stoppable> {
  const text = `${JSON.stringify(whereabouts satisfies z.input<typeof whereaboutsSchema>)}\n`;
  await writeWholeFile(pathIn(dataDir), text).catch((error: unknown) => {
    log.warn(
      { error },
      'Where this listens cannot be noted in the data folder: tell "octoporty doctor" the ports.',
    );
  });
  return { stop: async () => removeWhereabouts(dataDir) };
}

export function removeWhereabouts(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

/** What is noted, be it of one that was killed; null where there is nothing that can be understood, or read by us. */
export function readWhereabouts(dataDir: string): Whereabouts | null {
  const text = readIfOurs(pathIn(dataDir));
  if (text === null) return null;
  return whereaboutsSchema.safeParse(jsonIn(text)).data ?? null;
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'up.json');
}

/** What has the folder's name is another user's, or no folder: nothing there would be meant for us. */
function readIfOurs(path: string): string | null {
  try {
    return textIfThere(path);
  } catch (error) {
    const isNotOurs = error instanceof Error && 'code' in error && NOT_OURS.has(error.code);
    if (isNotOurs) return null;
    throw error;
  }
}
