// What tests of the shipped package share: one that is packed anew, and programs that run far from the repository.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { isExecutable, onPath } from '../support/programs.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PACKAGE = join(ROOT, 'out', 'package');

/** Runs `npm run package`'s script, and answers where the archive is. */
export function packAnew(): string {
  execFileSync(process.execPath, [join(ROOT, 'deploy', 'package', 'package.ts')], { env: strangersEnv() });
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')));
  return join(ROOT, 'out', `octoporty-${version}.tgz`);
}

export interface Running {
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  /** What is printed matches by then; rejects when the program ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** What a terminal does on Ctrl-C: all of the group hear it. */
  interrupt(): void;
}

/** Starts a program in that folder, with this Node first on the PATH. */
export function start(
  folder: string,
  node: string,
  command: string,
  args: readonly string[],
  uid?: number,
): Running {
  const child = spawn(command, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: strangersEnv(node),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const group = -(child.pid ?? Number.NaN);
  let hasEnded = false;
  const { resolve, promise: ended } = Promise.withResolvers<{ code: number | null; output: string }>();
  let output = '';
  const lookers: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const look of lookers) look();
    });
  }
  child.on('close', (code) => {
    hasEnded = true;
    resolve({ code, output });
  });
  onTestFinished(() => {
    if (!hasEnded) process.kill(group, 'SIGKILL');
  });
  return {
    ended,
    interrupt: () => void process.kill(group, 'SIGINT'),
    printed: (pattern) =>
      new Promise((found, reject) => {
        const look = () => {
          const match = pattern.exec(output);
          if (match !== null) found(match);
        };
        lookers.push(look);
        look();
        void ended.then(() => reject(new Error(`ended before it printed ${pattern.source}: ${output}`)));
      }),
  };
}

/** A Node on the PATH that strips no types by itself: older than 24. */
export function olderNode(): string | undefined {
  return onPath('node').find((path) => isExecutable(path) && majorOf(path) < 24);
}

/** Tens of thousands of files on a disk that others use as well. */
const REMOVE_MS = 300_000;

/** A folder outside the repository that is removed after the test. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'octoporty-ship-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }), REMOVE_MS);
  return folder;
}

/** Settings of npm that say where its registry is and how it is reached; the rest of ours speaks of this repository. */
const KEPT_OF_NPM = /^npm_config_(registry|cache|.*proxy|cafile|ca|userconfig|globalconfig)$/i;

/** As a person's shell has it, who has never seen the repository. */
export function strangersEnv(node = process.execPath): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|OCTOPORTY_|VITEST|NODE_|INIT_CWD|CI$)/.test(name) || isKept(name),
  );
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(ROOT));
  return {
    ...Object.fromEntries(kept),
    NO_COLOR: '1',
    npm_config_update_notifier: 'false',
    PATH: [dirname(node), ...folders].join(delimiter),
  };
}

function isKept(name: string): boolean {
  return KEPT_OF_NPM.test(name) || name === 'NODE_EXTRA_CA_CERTS';
}

function majorOf(node: string): number {
  return Number.parseInt(execFileSync(node, ['--version'], { encoding: 'utf8' }).slice(1), 10);
}
