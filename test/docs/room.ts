// Where a document's reader sits: a machine of its own in namespaces of the kernel, with the project as it would be cloned,
// names of the documents that lead to it, and stand-ins for what exists only in the world outside. Needs root, and Linux.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { caddies } from '../support/caddy.ts';
import { until } from '../support/rig.ts';
import type { Command } from './markdown.ts';
import { Shell } from './shell.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const STAND_INS = fileURLToPath(new URL('stand-ins', import.meta.url));

/** Names of the documents: each leads to the machine itself. */
const NAMES = ['tunnel', 'app', 'wiki', 'photos', 'nas', 'hooks', 'git', 'grafana'].map(
  (name) => `${name}.example.com`,
);

const UNSHARE = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Whether this machine lets us make such a room. */
export function canMakeRooms(): boolean {
  return spawnSync('unshare', [...UNSHARE, 'true']).status === 0;
}

export interface Room {
  run(command: Command): Promise<void>;
  /** Ends all that was started in it. */
  leave(): Promise<void>;
}

export async function enterRoom(): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'octoporty-room-'));
  const clone = join(folder, 'clone');
  mkdirSync(clone);
  cloneInto(clone);
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost ${NAMES.join(' ')}\n::1 localhost\n`);
  const setUp = `ip link set lo up; mount --bind '${hosts}' /etc/hosts; mount -t tmpfs opt /opt; echo ready; exec sleep infinity`;
  const holder = spawn('unshare', [...UNSHARE, 'sh', '-c', setUp], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  holder.stdout.on('data', (text: Buffer) => (said += text.toString()));
  await until('the room is ready', () => said.includes('ready') || holder.exitCode !== null);
  const inside = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
  const enter = ['nsenter', '--target', inside, '--mount', '--net', '--pid'];
  const shells = new Map<string, Shell>();

  function shellOf(name: string): Shell {
    const known = shells.get(name);
    if (known !== undefined) return known;
    const home = join(folder, `home-${name}`);
    mkdirSync(home);
    // Of its own: what one machine has made in there, another one has not.
    cpSync(clone, join(home, 'octoporty'), { recursive: true, verbatimSymlinks: true });
    const bash = [...enter, `--wd=${home}`, 'bash', '--noprofile', '--norc'];
    const shell = new Shell({ bash, env: readerOf(home, folder), scratch: join(folder, name) });
    shells.set(name, shell);
    return shell;
  }

  return {
    run: (command) => shellOf(command.shell).run(command),
    async leave() {
      holder.kill('SIGKILL');
      await until('the room is empty', () => holder.exitCode !== null || holder.signalCode !== null);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What git would give a stranger, and what is not committed yet; installed already, as `npm ci` takes longer than all else. */
function cloneInto(folder: string): void {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: REPOSITORY,
  });
  const list = files
    .toString()
    .split('\0')
    .filter((file) => file !== '');
  const archive = execFileSync('tar', ['--create', '--files-from=-', '--ignore-failed-read'], {
    cwd: REPOSITORY,
    input: list.join('\n'),
    maxBuffer: 256 * 1024 * 1024,
  });
  execFileSync('tar', ['--extract'], { cwd: folder, input: archive });
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
}

/** The environment of a person who has just logged in: nothing of the tests' own but what stand-ins need. */
function readerOf(home: string, folder: string): NodeJS.ProcessEnv {
  const path = [
    STAND_INS,
    dirname(process.execPath),
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ];
  const authority = join(folder, 'caddy/data/caddy/pki/authorities/local/root.crt');
  return {
    HOME: home,
    PATH: path.join(':'),
    LANG: 'C.UTF-8',
    // A public authority needs no such word.
    NODE_EXTRA_CA_CERTS: authority,
    CURL_CA_BUNDLE: authority,
    STAND_IN_CADDY: caddies[0]?.path,
    STAND_IN_FOLDER: join(folder, 'caddy'),
    STAND_IN_REPOSITORY: REPOSITORY,
  };
}
