// Everything an endurance proof puts up, and its end: nothing is left behind, on failure and on Ctrl-C either.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_NODE_OPTIONS } from '../../services/nodeOptions.mjs';
import { CLI } from '../support/rig.ts';

export type Environment = Readonly<Record<string, string>>;

/** A service's process: started, stopped, suspended and looked into as often as a proof likes. */
export class ServiceProcess {
  readonly name: string;
  output = '';
  private readonly args: readonly string[];
  private readonly env: Environment;
  private readonly prefix: readonly string[];
  private readonly mayStart: () => void;
  private child: ChildProcess | undefined;

  constructor(options: ServiceOptions) {
    this.name = options.name;
    this.args = options.args;
    this.env = options.env;
    this.prefix = options.prefix ?? [];
    this.mayStart = options.mayStart;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.child.pid;
  }

  start(more: Environment = {}): void {
    this.mayStart();
    const [command = '', ...args] = [
      ...this.prefix,
      process.execPath,
      ...SERVICE_NODE_OPTIONS,
      CLI,
      ...this.args,
    ];
    const child = spawn(command, args, {
      env: { ...foreignEnvironment(), ...this.env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        this.output += data.toString();
      });
    }
    this.child = child;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.pid, signal);
  }

  /** Resolves with the exit code, or the signal's name. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | null> {
    const { child } = this;
    if (child === undefined) return null;
    this.child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    return child.exitCode ?? child.signalCode;
  }

  /** Resident memory right now, in bytes. */
  get rssBytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  }

  /** Open descriptors, by what they are. */
  descriptors(): Descriptors {
    const folder = `/proc/${this.pid}/fd`;
    const kinds: Record<string, number> = {};
    let count = 0;
    for (const fd of readdirSync(folder)) {
      const kind = kindOf(join(folder, fd));
      if (kind === null) continue;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      count += 1;
    }
    return { count, kinds };
  }
}

export interface Descriptors {
  readonly count: number;
  readonly kinds: Readonly<Record<string, number>>;
}

interface ServiceOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** A command that runs another in its own place, such as `ip netns exec NAME`. */
  readonly prefix: readonly string[] | undefined;
  /** Throws when nothing may start any more. */
  readonly mayStart: () => void;
}

/** What was put up, taken down in reverse. */
export class Stage {
  private readonly steps: (() => void | Promise<void>)[] = [];
  private isOver = false;

  /** Runs at the end, before what was put up earlier is taken down. Throws after the end. */
  atEnd(step: () => void | Promise<void>): void {
    this.mustBeOn();
    this.steps.push(step);
  }

  tempDir(): string {
    this.mustBeOn();
    const dir = mkdtempSync(join(tmpdir(), 'octoporty-endurance-'));
    this.atEnd(() => {
      rmSync(dir, { recursive: true, force: true });
    });
    return dir;
  }

  /** Not started yet; killed at the end, suspended or not. */
  service(
    name: string,
    args: readonly string[],
    env: Environment,
    prefix?: readonly string[],
  ): ServiceProcess {
    const mayStart = () => {
      this.mustBeOn();
    };
    const service = new ServiceProcess({ name, args, env, prefix, mayStart });
    this.atEnd(async () => {
      await service.end('SIGKILL');
    });
    return service;
  }

  /** Takes everything down; a step that fails keeps none of the others from running. */
  async end(): Promise<void> {
    this.isOver = true;
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step();
      } catch (error) {
        console.log(`FAIL something was left behind: ${String(error)}`);
        process.exitCode = 1;
      }
    }
  }

  /** A proof that still runs while its stage is taken down puts nothing up again. */
  private mustBeOn(): void {
    if (this.isOver) throw new Error('the proof is over');
  }
}

/** Null when it was closed meanwhile. */
function kindOf(path: string): string | null {
  try {
    return readlinkSync(path).replace(/:.*/, '').replace(/^\/.*/, 'file');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** The environment without anything that configures us. */
function foreignEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]): [string, string][] =>
      value === undefined || name.startsWith('OCTOPORTY_') ? [] : [[name, value]],
    ),
  );
}
