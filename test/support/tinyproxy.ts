// A real forward proxy on loopback: tinyproxy, which connects to any port that a program on this machine asks for.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathOf } from './programs.ts';
import { freePort, until } from './rig.ts';

export interface Tinyproxy {
  readonly port: number;
  /** What it has logged so far. */
  log(): string;
  start(): Promise<void>;
  /** Ends it; it can be started again on the same port. */
  kill(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface TinyproxyOptions {
  /** `user password`: whoever does not show them gets 407. */
  readonly login?: string;
}

export async function startTinyproxy({ login }: TinyproxyOptions = {}): Promise<Tinyproxy> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-tinyproxy-'));
  const [config, log] = [join(dir, 'tinyproxy.conf'), join(dir, 'log')];
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Allow 127.0.0.1',
    `LogFile "${log}"`,
    'LogLevel Connect',
  ];
  writeFileSync(config, [...lines, ...(login === undefined ? [] : [`BasicAuth ${login}`]), ''].join('\n'));
  let child: ChildProcess | undefined;
  const proxy: Tinyproxy = {
    port,
    log: () => readFileSync(log, 'utf8'),
    async start() {
      child = spawn(pathOf('tinyproxy'), ['-d', '-c', config], { stdio: 'ignore' });
      await until('the proxy listens', () => isOpen(port));
    },
    async kill() {
      const ending = child;
      child = undefined;
      if (ending?.exitCode !== null || ending.signalCode !== null) return;
      const exited = once(ending, 'exit');
      ending.kill('SIGKILL');
      await exited;
    },
    async stop() {
      await proxy.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await proxy.start();
  return proxy;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
