// Owns a running Caddy as a process: ready when it answers, started again when it ends by itself, never left behind.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, type Variables } from '../config/variables.ts';
import type { Log } from '../log.ts';
import { logCaddyLine, reasonIn } from './caddyLog.ts';

export interface CaddyProcessOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly environment: Variables;
  readonly log: Log;
  /** Whether it serves by now. */
  readonly isReady: () => Promise<boolean>;
}

interface Run {
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  lastLine: string;
}

/** Raised: who waits for a Caddy that hangs waits longer to hear of it. */
const READY_MS = 15_000;

/** How often a starting Caddy is asked. */
const ASK_MS = 50;

/** Between its end and its next start. Raised: names are away for longer; much lower: a broken one costs a whole core. */
const REST_MS = 500;

/** When it is stopped nobody is served through it any more. Raised: an end that hangs takes longer. */
const STOP_MS = 3_000;

/**
 * Waits until its input closes, which the system does however we end, and then ends the process whose number it got.
 * Node cannot ask the system for that, and Caddy notices nothing of our end.
 */
const KEEPER = `read -r _; kill "$1"
for second in ${seconds(STOP_MS)}; do sleep 1; kill -0 "$1" || exit; done
kill -KILL "$1"`;

export class CaddyProcess {
  readonly #options: CaddyProcessOptions;
  #run: Run | null = null;
  #again: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(options: CaddyProcessOptions) {
    this.#options = options;
  }

  /** Resolves when Caddy serves. Rejects with ConfigError. */
  async start(): Promise<void> {
    const run = this.#spawn();
    this.#run = run;
    await this.#untilReady(run);
    void run.ended.then(() => this.#onEnd());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#again);
    if (this.#run !== null) await end(this.#run);
  }

  #spawn(): Run {
    const { binary, args, environment, log } = this.#options;
    // In a session of its own: Ctrl-C is for us, and Caddy is stopped when nobody needs it any more.
    const child = spawn(binary, args, {
      env: environment,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const run: Run = { child, ended: endOf(child), lastLine: '' };
    createInterface(child.stderr).on('line', (line) => {
      run.lastLine = line;
      logCaddyLine(log, line);
    });
    keep(run, log);
    return run;
  }

  async #untilReady(run: Run): Promise<void> {
    const endMs = performance.now() + READY_MS;
    while (!(await this.#options.isReady())) {
      const isOver =
        run.child.exitCode !== null || run.child.signalCode !== null || run.child.pid === undefined;
      if (!isOver && performance.now() < endMs) await delay(ASK_MS);
      else {
        await end(run);
        throw new ConfigError(`Caddy did not start: ${reasonIn(run.lastLine) || 'it said nothing.'}`);
      }
    }
  }

  #onEnd(): void {
    if (this.#isStopping) return;
    this.#options.log.error({}, 'Caddy has ended and is started again.');
    this.#again = setTimeout(() => void this.#startAgain(), REST_MS);
  }

  async #startAgain(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      this.#options.log.error({ error }, 'Caddy could not be started again.');
      this.#onEnd();
    }
  }
}

/** When its last line has been read. One that could not be started has ended too. */
function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
}

/** Whatever becomes of us, Caddy does not outlive us for long. */
function keep({ child, ended }: Run, log: Log): void {
  if (child.pid === undefined) return;
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'octoporty-keeper', String(child.pid)], {
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  keeper.on('error', (error) => {
    log.warn({ error }, 'Should this process be killed, Caddy goes on: end it by hand then.');
  });
  // Its number may be another's soon.
  void ended.then(() => keeper.kill('SIGKILL'));
}

async function end({ child, ended }: Run): Promise<void> {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}

function seconds(ms: number): string {
  return Array.from({ length: Math.ceil(ms / 1000) }, (_, index) => index + 1).join(' ');
}
