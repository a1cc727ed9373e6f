// Owns locks between processes that start at the same time: one does the work, the others wait until it has.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often who waits looks whether the holder has finished. */
const LOCK_POLL_MS = 200;

/** A lock file without a process id is being written; older than this, its writer died in between. */
const LOCK_UNWRITTEN_MS = 5000;

/**
 * Waits until no other process holds `path`. Answers the unlock; its `holder` names another process that keeps the lock
 * alive. Rejects when the file cannot be written.
 */
export async function lock(path) {
  while (!tryLock(path)) {
    if (!isStale(path) || !removeStale(path)) await sleep(LOCK_POLL_MS);
  }
  const unlock = () => rmSync(path, { force: true });
  unlock.holder = (pid) => writeFileSync(path, String(pid));
  return unlock;
}

function tryLock(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw new Error(`Could not write ${path}: ${error.message}`, { cause: error });
  }
}

/**
 * Of several who find the lock of a dead process one removes it, and looks again before: else the second would remove
 * what the first has taken by then. False: another one is at it.
 */
function removeStale(path) {
  const turn = `${path}.turn`;
  if (!tryLock(turn)) {
    if (isStale(turn)) rmSync(turn, { force: true });
    return false;
  }
  try {
    if (isStale(path)) rmSync(path, { force: true });
  } finally {
    rmSync(turn, { force: true });
  }
  return true;
}

function isStale(path) {
  const pid = Number(textOf(path));
  if (pid > 0) return !isAlive(pid);
  const writtenMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return Date.now() - writtenMs > LOCK_UNWRITTEN_MS;
}

/** Empty when it has gone meanwhile. */
function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error.code === 'EPERM';
  }
}
