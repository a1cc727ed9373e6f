// Owns the installed dependencies: node_modules always matches package-lock.json, installed once, by one process at a time.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { lock } from './processLock.mjs';

/** Dependencies could not be installed; the message is for the user, whole. */
export class InstallError extends Error {}

/** Installs what package-lock.json asks for unless it is there already. Throws InstallError. */
export async function installMissing(root) {
  // A published package has no lockfile: npm installed it together with its dependencies.
  if (!existsSync(join(root, 'package-lock.json')) || isInstalled(root)) return;
  const unlock = await lockHere(root);
  try {
    // Another process may have installed while this one waited for the lock, or a person by hand.
    if (isInstalled(root)) return;
    if (!matchesLockfile(root)) await npmCi(root, unlock.holder);
    writeStamp(root);
  } finally {
    unlock();
  }
}

async function lockHere(root) {
  try {
    // Beside node_modules, because `npm ci` empties that folder.
    return await lock(join(root, '.octoporty-install'));
  } catch (error) {
    throw new InstallError(error.message);
  }
}

function isInstalled(root) {
  return readOr(stampPath(root), '') === lockfileHash(root);
}

function lockfileHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function stampPath(root) {
  return join(root, 'node_modules', '.octoporty-lock');
}

/** Written aside and renamed, so that a reader sees a whole stamp or none. */
function writeStamp(root) {
  const aside = `${stampPath(root)}.${process.pid}`;
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(aside, lockfileHash(root));
  renameSync(aside, stampPath(root));
}

/**
 * Whether a finished `npm ci` run by hand left all that the lockfile names; npm writes its own record last. Optional
 * packages may be missing, they are for other systems, except the Node that this system needs.
 */
function matchesLockfile(root) {
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  const wanted = Object.entries(packagesOf(join(root, 'package-lock.json')));
  const node = `node_modules/node-${process.platform}-${process.arch}`;
  return wanted.every(([path, { integrity, optional }]) => {
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? optional === true && path !== node : found.integrity === integrity;
  });
}

function packagesOf(path) {
  return JSON.parse(readOr(path, '{}')).packages ?? {};
}

/** Runs the npm that called us, else the one on the PATH. */
async function npmCi(root, setHolder) {
  console.error('Installing dependencies (once) …');
  const npmCli = process.env.npm_execpath ?? '';
  const [command, first] = /^npm.*\.c?js$/.test(basename(npmCli))
    ? [process.execPath, [npmCli]]
    : ['npm', []];
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  // The checks and tests need the development packages also where NODE_ENV is "production".
  const args = [...first, 'ci', '--include=dev', '--include=optional', ...quiet];
  const npm = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  const { code, output } = await outcomeOf(npm, setHolder);
  if (code === 0) return;
  throw new InstallError(
    `${output.trim()}\nCould not install the dependencies: see npm's words above, check the network, then run "npm ci".`,
  );
}

function outcomeOf(npm, setHolder) {
  let output = '';
  npm.stdout.on('data', (chunk) => (output += chunk));
  npm.stderr.on('data', (chunk) => (output += chunk));
  // npm outlives a launcher that is killed meanwhile; the lock is then npm's until it ends.
  if (npm.pid !== undefined) setHolder(npm.pid);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const stop = (signal) => {
    npm.kill(signal);
    npm.once('exit', () => process.exit(128 + constants.signals[signal]));
  };
  for (const signal of signals) process.on(signal, stop);
  return new Promise((resolve) => {
    npm.on('error', (error) => resolve({ code: 1, output: `npm did not start: ${error.message}` }));
    npm.on('close', (code) => {
      for (const signal of signals) process.removeListener(signal, stop);
      resolve({ code, output });
    });
  });
}

function readOr(path, fallback) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return fallback;
    throw error;
  }
}
