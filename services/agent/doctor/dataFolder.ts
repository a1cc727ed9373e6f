// The doctor's look at the data folder: whether something can be kept there.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failed, ok, type Finding } from '../../doctor.ts';

const CHECK = 'data folder';

/** A page, so that a full disk says so. */
const PROBE_BYTES = 4096;

/** Writes a small file and takes it away again. */
export function examineDataFolder(dataDir: string): Finding {
  const isThere = existsSync(dataDir);
  const folder = isThere ? dataDir : nearestFolder(dataDir);
  const probe = join(folder, `.doctor-${process.pid}`);
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failed(CHECK, `nothing can be written: ${why}`, ADVICE);
  } finally {
    if (existsSync(probe)) rmSync(probe);
  }
  return ok(CHECK, isThere ? `${dataDir} can be written` : `${dataDir} does not exist yet, and can be made`);
}

const ADVICE = "make room, or give the folder to the agent's user, or choose another with OCTOPORTY_DATA_DIR";

function nearestFolder(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) || parent === path ? parent : nearestFolder(parent);
}
