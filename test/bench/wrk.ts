// wrk on one public name for a while: how many requests were answered, and how many were not as they should be.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Target } from '../support/load.ts';

export interface WrkRun {
  readonly requests: number;
  readonly perSecond: number;
  /** Answers other than 2xx and 3xx, and errors of sockets. */
  readonly failures: number;
  /** The same by kind: `status`, `connect`, `read`, `write` or `timeout`. */
  readonly failuresByKind: Readonly<Record<string, number>>;
}

/** More than the processors can serve at once, and far below what one channel takes. */
export const CONNECTIONS = 64;

export function hasWrk(): boolean {
  return spawnSync('wrk', ['-v']).error === undefined;
}

export interface WrkOptions {
  readonly path?: string;
  /** An answer that takes longer counts as a failure. */
  readonly timeoutSeconds?: number;
  /** Ends the run before its time, with the figures until then. */
  readonly signal?: AbortSignal;
}

export async function runWrk(
  { port, name }: Target,
  seconds: number,
  { path = '/', timeoutSeconds = 2, signal }: WrkOptions = {},
): Promise<WrkRun> {
  const args = [
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    `--timeout=${timeoutSeconds}s`,
    '-H',
    `Host: ${name}`,
    `http://127.0.0.1:${port}${path}`,
  ];
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  signal?.addEventListener('abort', () => child.kill('SIGINT'));
  let told = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => (told += text));
  await once(child, 'close');
  const ofSockets = ['connect', 'read', 'write', 'timeout'].map((kind): [string, number] => [
    kind,
    countIn(told, new RegExp(`Socket errors:.*${kind} (\\d+)`)),
  ]);
  const failuresByKind = {
    status: countIn(told, /Non-2xx or 3xx responses: (\d+)/),
    ...Object.fromEntries(ofSockets),
  };
  return {
    requests: countIn(told, /(\d+) requests in/),
    perSecond: countIn(told, /Requests\/sec:\s+([\d.]+)/),
    failures: Object.values(failuresByKind).reduce((sum, count) => sum + count),
    failuresByKind,
  };
}

function countIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
