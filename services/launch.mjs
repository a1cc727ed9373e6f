// Owns every `npm` command: installs what is missing, finds Node 24 or newer and runs the asked script under it.
// Plain JavaScript without dependencies, because it runs on any Node from 20 on, before anything is installed.
// The scripts in package.json say `exec`: otherwise the shell between npm and us dies of a signal at once, and npm
// leaves before we have drained.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, buildDashboard } from './buildDashboard.mjs';
import { InstallError, installMissing } from './install.mjs';
import { SERVICE_NODE_OPTIONS, compileCacheIn } from './nodeOptions.mjs';

/** Types are stripped without a flag from this major version on. */
const OLDEST_NODE_MAJOR = 24;

/**
 * npm hands a signal on to its script, which the terminal has sent to the same script already: within this time two
 * of a kind are one. Raised, a second Ctrl-C meant as "end at once" is lost; lowered, a busy npm ends us at once.
 */
const SAME_SIGNAL_MS = 500;

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** A published package holds JavaScript: Node strips no types below node_modules. */
const SERVICES = existsSync(join(repository, 'services', 'cli.ts')) ? 'services/cli.ts' : 'services/cli.js';

const TESTS = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'];

/** What each command runs: a script, relative to the repository, and its first arguments. */
const COMMANDS = {
  start: [SERVICES, 'up'],
  octoporty: [SERVICES],
  gateway: [SERVICES, 'gateway'],
  agent: [SERVICES, 'agent'],
  test: [...TESTS, '--project', 'parts', '--project', 'processes'],
  'test-caddy': [...TESTS, '--project', 'caddy'],
  'test-dashboard': [...TESTS, '--project', 'dashboard'],
  'test-proofs': [...TESTS, '--project', 'proofs'],
  'test-ship': [...TESTS, '--project', 'ship'],
  dev: ['ui/dev.ts'],
  check: ['test/check/check.mjs'],
  format: ['node_modules/oxfmt/bin/oxfmt', '--write'],
  differential: ['test/e2e/differential/differential.ts'],
  'caddy-model': ['test/caddyModel/caddyModel.ts'],
  simulate: ['test/simulation/simulate.ts'],
  'plant-bugs': ['test/simulation/plantBugs.ts'],
  screenshots: ['test/e2e/screenshots/screenshots.ts'],
  mutate: ['test/mutation/mutate.ts'],
  bench: ['test/bench/throughput.ts'],
  proof: ['test/bench/proof.ts'],
  endurance: ['test/bench/endurance.ts'],
  memory: ['test/bench/memory.ts'],
  package: ['deploy/package/package.ts'],
  caddy: ['test/bench/caddy.ts'],
};

/** What begins with a build of the dashboard where it is older than its sources. */
const SHOWS_DASHBOARD = new Set(['start', 'agent', 'test', 'test-dashboard', 'test-ship']);

/** What only builds. */
const BUILD = 'build';

/**
 * Runs in the child before its script: an ended channel means that the launcher is gone (SIGKILL), so the child stops
 * too instead of holding its ports forever. Only the launcher's own child acts, not the processes it forks.
 */
const STOP_WITH_LAUNCHER = `data:text/javascript,${encodeURIComponent(
  `if (process.channel && process.env.OCTOPORTY_LAUNCHER === String(process.ppid)) {
     process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
     process.channel.unref();
   }`,
)}`;

/** Runs one command to its end and answers its exit code; 128 + n when signal n ended it. */
export async function launch(name, args) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined && name !== BUILD) {
    return fail(`Unknown command "${name}". There are: ${[...Object.keys(COMMANDS), BUILD].join(', ')}.`);
  }
  try {
    await installMissing(repository);
  } catch (error) {
    if (error instanceof InstallError) return fail(error.message);
    throw error;
  }
  const node = findNode(repository, process);
  if (node === undefined) return fail(nodeMissing(process.version));
  if (command === undefined) return build(node, true);
  // Without it the agent shows its plain status page: that is no reason not to start.
  if (SHOWS_DASHBOARD.has(name)) await build(node, false);
  const [script, ...first] = command;
  const options = script === SERVICES ? SERVICE_NODE_OPTIONS : [];
  return run(node, [...options, '--import', STOP_WITH_LAUNCHER, join(repository, script), ...first, ...args]);
}

async function build(node, isForced) {
  try {
    await buildDashboard(repository, { node, isForced });
    return 0;
  } catch (error) {
    if (error instanceof BuildError) return fail(error.message);
    throw error;
  }
}

/** The path of a Node that is new enough: the running one, else the one that npm installed; undefined when neither. */
export function findNode(root, { version, execPath, platform, arch }) {
  if (Number.parseInt(version.slice(1), 10) >= OLDEST_NODE_MAJOR) return execPath;
  const name = `node-${platform}-${arch}`;
  // npm puts what a package needs into the package, or beside it where it can be shared.
  const folders = [
    join(root, 'node_modules'),
    ...(basename(dirname(root)) === 'node_modules' ? [dirname(root)] : []),
  ];
  return folders.map((folder) => join(folder, name, 'bin', 'node')).find((path) => existsSync(path));
}

/** The one line for a system on which npm has no Node to install. */
export function nodeMissing(version) {
  return `Octoporty needs Node ${OLDEST_NODE_MAJOR} or newer on this system: install it from nodejs.org or your package manager; found ${version}.`;
}

/**
 * The child leads a process group of its own, so that signals of the terminal reach only us and each is handed on
 * exactly once: in one shared group Ctrl-C would come to the child from the terminal and from us, and a second signal
 * means "end at once". Staying in the group and handing nothing on would lose a signal sent to us alone.
 */
function run(node, args) {
  const child = spawn(node, args, {
    detached: process.platform !== 'win32',
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      OCTOPORTY_LAUNCHER: String(process.pid),
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCacheIn(repository),
      PATH: [dirname(node), join(repository, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
    },
  });
  handSignalsOn(child);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      // The one that npm installed needs the C library glibc: without it the system finds no loader (Alpine).
      if (node !== process.execPath) console.error(nodeMissing(process.version));
      resolve(fail(`Could not run ${node}: ${error.message}`));
    });
    child.on('exit', (code, signal) => {
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

function handSignalsOn(child) {
  const isUnderNpm = process.env.npm_lifecycle_event !== undefined;
  const lastAt = new Map();
  // Under nohup, which takes a process off its terminal, SIGHUP is to mean nothing. Node has undone that by now: without a
  // listener it would end us.
  const isOnTerminal = process.stdout.isTTY || process.stderr.isTTY;
  if (!isOnTerminal) process.on('SIGHUP', () => {});
  for (const signal of isOnTerminal ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      const now = performance.now();
      const isEcho = isUnderNpm && now - (lastAt.get(signal) ?? -Infinity) < SAME_SIGNAL_MS;
      if (isEcho) return;
      lastAt.set(signal, now);
      child.kill(signal);
    });
  }
}

function fail(message) {
  console.error(message);
  return 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [name = '', ...args] = process.argv.slice(2);
  process.exitCode = await launch(name, args);
}
