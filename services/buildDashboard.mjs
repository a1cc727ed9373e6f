// Owns the built dashboard: ui/dist is what its sources say, built once, by one process at a time.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { lock } from './processLock.mjs';

/** The dashboard could not be built; the message is for the user, whole. */
export class BuildError extends Error {}

/** What a build depends on. */
const FOLDERS = ['ui', 'protocol'];
const LOCKFILE = 'package-lock.json';

/** Not sources: what is built, what is built aside, and what was built before. */
const MADE = /^ui\/(dist|\.dist-\d+(\.before)?)(\/|$)/;

/** What a build leaves that was ended half-way. */
const LEFTOVER = /^\.dist-\d+(\.before)?$/;

/** Builds with this Node unless ui/dist is newer than its sources, or always when forced. Throws BuildError. */
export async function buildDashboard(root, { node = process.execPath, isForced = false } = {}) {
  // A published package holds what was built, and no sources.
  if (!existsSync(join(root, 'ui', 'vite.config.ts'))) return;
  if (!isForced && isBuilt(root, hashOfSources(root))) return;
  const unlock = await lock(join(root, 'ui', '.build-lock'));
  try {
    const hash = hashOfSources(root);
    // Another process may have built while this one waited.
    if (!isForced && isBuilt(root, hash)) return;
    await build(root, node, hash);
  } finally {
    unlock();
  }
}

function isBuilt(root, hash) {
  const path = stampIn(join(root, 'ui', 'dist'));
  return existsSync(path) && readFileSync(path, 'utf8') === hash;
}

function stampIn(folder) {
  return join(folder, '.sources');
}

/** Built aside and renamed: who reads ui/dist meanwhile reads the build before, which is removed when it is replaced. */
async function build(root, node, hash) {
  console.error('Building the dashboard …');
  const dist = join(root, 'ui', 'dist');
  removeLeftovers(root);
  const aside = join(root, 'ui', `.dist-${process.pid}`);
  const { code, output } = await runVite(root, node, aside);
  if (code !== 0) {
    rmSync(aside, { recursive: true, force: true });
    throw new BuildError(`${output.trim()}\nThe dashboard could not be built: see the words above.`);
  }
  writeFileSync(stampIn(aside), hash);
  const before = `${aside}.before`;
  if (existsSync(dist)) renameSync(dist, before);
  renameSync(aside, dist);
  rmSync(before, { recursive: true, force: true });
}

function removeLeftovers(root) {
  for (const name of readdirSync(join(root, 'ui'))) {
    if (LEFTOVER.test(name)) rmSync(join(root, 'ui', name), { recursive: true, force: true });
  }
}

function runVite(root, node, outDir) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = ['build', '--config', join('ui', 'vite.config.ts'), '--outDir', outDir, '--logLevel', 'warn'];
  const child = spawn(node, [vite, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Whatever the caller runs under: Vite would build what is for development.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Of each source its path and its bytes. */
function hashOfSources(root) {
  const hash = createHash('sha256');
  const paths = [
    ...FOLDERS.flatMap((folder) => filesIn(root, folder)),
    ...(existsSync(join(root, LOCKFILE)) ? [LOCKFILE] : []),
  ];
  for (const path of paths.sort()) {
    hash.update(`${path}\n`);
    hash.update(
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest(),
    );
  }
  return hash.digest('hex');
}

function filesIn(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((name) => !MADE.test(name) && !name.endsWith('.md') && !name.startsWith('ui/.build-lock'));
}
