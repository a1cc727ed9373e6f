// Runs systemctl, which speaks with systemd.

import { spawn } from 'node:child_process';
import { foreignEnvironment } from '../config.ts';

export interface Outcome {
  readonly code: number;
  /** What it has printed, whichever way. */
  readonly output: string;
}

/** Never rejects: what cannot be started has failed. */
export type Systemctl = (...args: readonly string[]) => Promise<Outcome>;

/** As shells say that there is no such program. */
export const NOT_FOUND = 127;

export const systemctl: Systemctl = (...args) =>
  new Promise((resolve) => {
    // Without our settings: a secret is none of its business.
    const child = spawn('systemctl', ['--no-pager', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: foreignEnvironment(),
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', (error) => resolve({ code: NOT_FOUND, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: output.trim() }));
  });
