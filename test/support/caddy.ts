// A real Caddy for tests: where its binary is, one that runs with a given configuration, and its end.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { isExecutable, onPath, testIf } from './programs.ts';
import { until } from './rig.ts';

const HOW_TO_GET_IT =
  'These tests need Caddy 2.8 or newer: install it, or name its binary with OCTOPORTY_TEST_CADDY (as .ci/run does).';

export interface CaddyBinary {
  /** `Caddy 2.11.7` */
  readonly name: string;
  readonly path: string;
}

/** The Caddy of these tests first, then the oldest supported one, where there is one. */
export const caddies: readonly CaddyBinary[] = [
  [process.env.OCTOPORTY_TEST_CADDY, ...onPath('caddy')].map(usable).find((binary) => binary !== null),
  usable(process.env.OCTOPORTY_TEST_CADDY_OLDEST),
].filter((binary) => binary !== null && binary !== undefined);

/** vitest's `test`, for tests that start a Caddy. */
export const testWithCaddy = testIf(caddies.length > 0, HOW_TO_GET_IT);

/** One test for each Caddy; a skipped one where there is none. */
export function testEachCaddy(
  title: string,
  run: (binary: CaddyBinary) => Promise<void>,
  timeoutMs?: number,
): void {
  if (caddies.length === 0) test.skip(title);
  for (const binary of caddies) test(`${title} (${binary.name})`, () => run(binary), timeoutMs);
}

export interface CaddyOptions {
  /** The base configuration, as Caddy's JSON; admin and storage are set here. */
  readonly config?: Readonly<Record<string, unknown>> & { readonly apps?: Readonly<Record<string, unknown>> };
  readonly binary?: CaddyBinary;
  /** Where its admin API listens on loopback, instead of on a unix socket. */
  readonly adminPort?: number;
  /** Where its own folder with its certificates is made; the system's folder for temporary files unless said. */
  readonly parentDir?: string;
}

/** Runs, and can be killed and started again with the configuration that it began with, and with its certificates. */
export interface TestCaddy {
  /** As OCTOPORTY_CADDY_ADMIN_URL takes it. */
  readonly adminUrl: string;
  /** The local CA's root, once one has been needed. */
  readonly rootFile: string;
  readonly pid: number;
  log(): string;
  /** What the admin API says. Rejects when it cannot be asked. */
  ask(method: string, path: string, body?: unknown): Promise<CaddyAnswer>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface CaddyAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: string;
}

export async function startCaddy({
  config = {},
  binary = caddies[0],
  adminPort,
  parentDir = tmpdir(),
}: CaddyOptions = {}): Promise<TestCaddy> {
  if (binary === undefined) throw new Error(HOW_TO_GET_IT);
  const dir = mkdtempSync(join(parentDir, 'octoporty-caddy-'));
  const socketPath = join(dir, 'admin.sock');
  const admin =
    adminPort === undefined
      ? { listens: `unix/${socketPath}`, url: `unix:${socketPath}`, to: { socketPath } }
      : {
          listens: `127.0.0.1:${adminPort}`,
          url: `http://127.0.0.1:${adminPort}`,
          to: { host: '127.0.0.1', port: adminPort },
        };
  writeFileSync(join(dir, 'caddy.json'), JSON.stringify(baseConfig(config, dir, admin.listens)));
  let child: ChildProcess | undefined;
  let log = '';
  const caddy: TestCaddy = {
    adminUrl: admin.url,
    rootFile: join(dir, 'pki', 'authorities', 'local', 'root.crt'),
    get pid() {
      if (child?.pid === undefined) throw new Error('Caddy does not run');
      return child.pid;
    },
    log: () => log,
    // A Caddy that loads a configuration closes the connections of its admin API: what only reads is asked again.
    ask: (method, path, body) =>
      ask(admin.to, method, path, body).catch((error: unknown) => {
        if (method !== 'GET') throw error;
        return ask(admin.to, method, path);
      }),
    async kill(signal) {
      const ending = child;
      child = undefined;
      if (ending?.exitCode !== null || ending.signalCode !== null) return;
      const exited = once(ending, 'exit');
      ending.kill(signal);
      await exited;
    },
    async start() {
      const started = spawn(binary.path, ['run', '--config', join(dir, 'caddy.json')], {
        env: { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child = started;
      started.stderr.on('data', (text: Buffer) => (log += text.toString()));
      await until(`${binary.name} answers`, () => {
        if (started.exitCode !== null) throw new Error(`${binary.name} ended: ${log}`);
        return ask(admin.to, 'GET', '/config/').then(
          ({ status }) => status === 200,
          () => false,
        );
      });
    },
    async stop() {
      await caddy.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
  try {
    await caddy.start();
  } catch (error) {
    await caddy.stop();
    throw error;
  }
  return caddy;
}

/** Its own folder for everything, and nothing of it in the certificates that this machine trusts. */
function baseConfig(config: NonNullable<CaddyOptions['config']>, dir: string, adminListens: string): object {
  const pki = { certificate_authorities: { local: { install_trust: false } } };
  return {
    ...config,
    admin: { listen: adminListens, config: { persist: false } },
    storage: { module: 'file_system', root: dir },
    ...(config.apps === undefined ? {} : { apps: { pki, ...config.apps } }),
  };
}

function ask(to: RequestOptions, method: string, path: string, body?: unknown): Promise<CaddyAnswer> {
  return new Promise((resolve, reject) => {
    // Before 2.9 Caddy takes no other Host over a unix socket than this and none.
    const host = to.port === undefined ? '127.0.0.1' : `127.0.0.1:${to.port}`;
    const headers = { host, 'content-type': 'application/json' };
    const asked = request({ ...to, method, path, headers, agent: false, timeout: 10_000 });
    asked.on('timeout', () => asked.destroy(new Error('Caddy does not answer')));
    asked.on('error', reject);
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, etag: response.headers.etag, body: text });
      });
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The binary with its version; null for one that is not there or too old, as Debian 12's is. */
function usable(path: string | undefined): CaddyBinary | null {
  if (path === undefined || path === '' || !isExecutable(path)) return null;
  const [, version = '', major = '0', minor = '0'] =
    /v?((\d+)\.(\d+)\S*)/.exec(spawnSync(path, ['version'], { encoding: 'utf8' }).stdout) ?? [];
  const isNewEnough = Number(major) > 2 || (major === '2' && Number(minor) >= 8);
  return isNewEnough ? { name: `Caddy ${version}`, path } : null;
}
