// A whole tunnel of real processes for tests and benches: gateway, agent, free ports, a data folder, and their end.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'node:http';
import { SERVICE_NODE_OPTIONS, compileCacheIn } from '../../services/nodeOptions.mjs';

export const SECRET = 'a secret for tests that is long enough';
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const CLI = fileURLToPath(new URL('../../services/cli.ts', import.meta.url));

/** How often a condition is looked at. */
const LOOK_MS = 20;

export interface RigOptions {
  /** `NAME=URL`, as for --map. */
  readonly maps: readonly string[];
  /** More environment for both services. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A service's process and what it wrote. */
export class Service {
  readonly name: string;
  private readonly args: readonly string[];
  private readonly env: Readonly<Record<string, string>>;
  private child: ChildProcess | undefined;
  output = '';

  constructor(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.name = name;
    this.args = args;
    this.env = env;
  }

  /** The same service with other environment, not started. */
  withEnvironment(more: Readonly<Record<string, string>>): Service {
    return new Service(this.name, this.args, { ...this.env, ...more });
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.child.pid;
  }

  start(): void {
    const child = spawn(process.execPath, [...SERVICE_NODE_OPTIONS, CLI, ...this.args], {
      env: { ...cleanEnvironment(), NODE_COMPILE_CACHE: compileCacheIn(REPOSITORY), ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        this.output += data.toString();
      });
    }
    this.child = child;
  }

  /** Resolves with the exit code, or the signal's name. */
  async end(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<number | string | null> {
    const { child } = this;
    if (child === undefined) return null;
    this.child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    return endOf(child);
  }

  /** Resident memory right now, in bytes. */
  rssBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** The largest it ever was, in bytes. */
  peakRssBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }
}

function endOf({ exitCode, signalCode }: ChildProcess): number | string | null {
  return exitCode ?? signalCode;
}

export interface Rig {
  readonly gateway: Service;
  readonly agent: Service;
  /** Where visitors go. */
  readonly gatewayPort: number;
  readonly uiPort: number;
  readonly dataDir: string;
  waitOnline(timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both services and waits until the tunnel is online. */
export async function startRig({ maps, env = {} }: RigOptions): Promise<Rig> {
  const [gatewayPort, uiPort] = [await freePort(), await freePort()];
  const dataDir = mkdtempSync(join(tmpdir(), 'octoporty-rig-'));
  const common = { OCTOPORTY_AUTH_SECRET: SECRET, ...env };
  const gateway = new Service('gateway', ['gateway'], {
    OCTOPORTY_LISTEN_HOST: '127.0.0.1',
    OCTOPORTY_LISTEN_PORT: String(gatewayPort),
    ...common,
  });
  const agent = new Service('agent', ['agent', ...maps.flatMap((map) => ['--map', map])], {
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${gatewayPort}/tunnel`,
    OCTOPORTY_UI_PASSWORD: 'a password for tests',
    OCTOPORTY_UI_PORT: String(uiPort),
    OCTOPORTY_DATA_DIR: dataDir,
    ...common,
  });
  const rig: Rig = {
    gateway,
    agent,
    gatewayPort,
    uiPort,
    dataDir,
    waitOnline: (timeoutMs = 15_000) => until(`the tunnel is online`, () => isReady(uiPort), timeoutMs),
    stop: () => endBoth('SIGTERM'),
  };
  /** Both at once: the agent's drain must not keep the gateway from hearing that it is over. */
  async function endBoth(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await Promise.all([agent.end(signal), gateway.end(signal)]);
    rmSync(dataDir, { recursive: true, force: true });
  }
  gateway.start();
  agent.start();
  try {
    await rig.waitOnline();
  } catch (error) {
    await endBoth('SIGKILL');
    throw new Error(`${String(error)}\n${gateway.output}\n${agent.output}`);
  }
  return rig;
}

/** Waits for a condition; rejects with what was waited for. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(LOOK_MS);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One GET on a connection of its own. */
export async function get(port: number, host: string, path = '/', timeoutMs = 10_000): Promise<Answer> {
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    headers: { host },
    agent: false,
    timeout: timeoutMs,
  });
  asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  return new Promise<Answer>((resolve, reject) => {
    asked.on('error', reject);
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (text: string) => (body += text));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.end();
  });
}

async function isReady(uiPort: number): Promise<boolean> {
  try {
    return (await get(uiPort, 'localhost', '/health/ready', 2_000)).status === 200;
  } catch {
    return false;
  }
}

/** The environment without anything that configures us. */
function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).flatMap(([name, value]): [string, string][] =>
    value === undefined || name.startsWith('OCTOPORTY_') ? [] : [[name, value]],
  );
  return Object.fromEntries(entries);
}
