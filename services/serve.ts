// Owns the life of the process: it runs until a signal asks for the end, and fails with one plain line.

import { constants } from 'node:os';
import { Lifecycle } from './lifecycle.ts';
import type { Log } from './log.ts';
import { listenProblem, type ListenSetting } from './ports.ts';

/** Errors whose message is written for the person at the command line. */
const SENTENCES = new Set(['ConfigError', 'ConnectionStringError', 'SetUpError', 'StoreError']);

/** Runs what `start` starts until a signal asks for the end: once to drain, twice to end at once. */
export async function serve(
  listens: ListenSetting,
  start: (lifecycle: Lifecycle) => Promise<Log>,
): Promise<void> {
  const lifecycle = new Lifecycle();
  const asked = stopAsked();
  const surprises = exitOnSurprise();
  try {
    const log = await Promise.race([start(lifecycle), asked]);
    if (log !== undefined) surprises.log = log;
    await asked;
    await lifecycle.stop();
    process.exit(0);
  } catch (error) {
    fail(listenProblem(error, listens) ?? plainLine(error));
    await lifecycle.stop().catch((second: unknown) => fail(plainLine(second)));
    process.exit(1);
  }
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: NodeJS.Signals) => {
      if (isStopping) process.exit(128 + constants.signals[signal]);
      isStopping = true;
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    // Under nohup it is to mean nothing. Node has undone that by now: without a listener it would end us.
    process.on('SIGHUP', isOnTerminal() ? stop : () => {});
  });
}

/** Somebody may hang up. `nohup` takes a process off its terminal. */
function isOnTerminal(): boolean {
  return process.stdout.isTTY || process.stderr.isTTY;
}

/**
 * An error nobody caught leaves unknown state behind: it is logged whole, once there is a log, and the process ends with
 * one line.
 */
function exitOnSurprise(): { log: Log | null } {
  const surprises: { log: Log | null } = { log: null };
  const end = (error: unknown) => {
    surprises.log?.error({ error }, 'An unexpected error ended the process.');
    fail(plainLine(error));
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  return surprises;
}

/** One line for the person, and the exit code of a failure. */
export function fail(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

/** Our own errors are sentences already; of others the first line says enough here, the log has the rest. */
export function plainLine(error: unknown): string {
  if (!(error instanceof Error)) return `Unexpected error: ${String(error)}`;
  const [first = ''] = error.message.split('\n');
  return SENTENCES.has(error.name) ? first : `Unexpected error: ${first}`;
}
