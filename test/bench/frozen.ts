// The disk of the database hangs for a while under load: no write on it returns, and none fails (needs root and ext4).

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { proveOutage } from './stopped.ts';
import type { Stage } from './stage.ts';

const VOLUME_BYTES = 64 * 1024 * 1024;

export async function frozen(stage: Stage, { seconds }: { seconds?: number }): Promise<void> {
  await proveOutage(stage, { seconds, dataDir: mountVolume(stage), stop: freeze });
}

/** A file system of its own: only that one is to hang. */
function mountVolume(stage: Stage): string {
  const dir = stage.tempDir();
  const [image, volume] = [join(dir, 'image'), join(dir, 'volume')];
  mkdirSync(volume);
  execFileSync('truncate', ['-s', String(VOLUME_BYTES), image]);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', image, volume]);
  stage.atEnd(() => void execFileSync('umount', [volume]));
  return join(volume, 'data');
}

function freeze(stage: Stage, dataDir: string): () => void {
  const volume = join(dataDir, '..');
  let isFrozen = false;
  const thaw = () => {
    if (isFrozen) execFileSync('fsfreeze', ['--unfreeze', volume]);
    isFrozen = false;
  };
  // Before the agent is taken down: a process that waits for the disk cannot end.
  stage.atEnd(thaw);
  execFileSync('fsfreeze', ['--freeze', volume]);
  isFrozen = true;
  return thaw;
}
