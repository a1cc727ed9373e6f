// What tests of whole processes share: a child that is watched, waited for and never left behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Variables } from '../../services/config/variables.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Spawned {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** What is printed matches by then; rejects when the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  stdout(): string;
}

/** Runs a script of the repository without any OCTOPORTY_ variable of ours, in a folder where that is given. */
export function run(script: string, args: readonly string[], env: Variables = {}, cwd?: string): Spawned {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OCTOPORTY_'));
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL(`../../${script}`, import.meta.url)), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env },
      ...(cwd === undefined ? {} : { cwd }),
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    stdout: () => stdout,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout);
          if (found !== null) resolve(found);
        };
        look();
        child.stdout.on('data', look);
        child.on('close', () =>
          reject(new Error(`ended before it printed ${pattern.source}: ${stdout}${stderr}`)),
        );
      }),
  };
}

/** Environment in which a process believes that it writes to a terminal. */
export const ON_TERMINAL = { NODE_OPTIONS: '--import=data:text/javascript,process.stdout.isTTY=true' };

/** A folder that is removed after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** On loopback; somebody listens there until the test is over. */
export async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
