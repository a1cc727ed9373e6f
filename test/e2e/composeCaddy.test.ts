// The Caddy of the compose files, as another user than the gateway's sees it: a socket and a log in shared folders.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { caddies } from '../support/caddy.ts';
import { onPath, isExecutable, testIf } from '../support/programs.ts';
import { freePort, get, startRig, until } from '../support/rig.ts';

/** The user of the images. */
const GATEWAYS_USER = 65_532;

const run = promisify(execFile);
const curl = onPath('curl').find(isExecutable) ?? '';
const caddy = caddies[0]?.path ?? '';
const isPossible = caddy !== '' && curl !== '' && process.getuid?.() === 0;
const testAsRoot = testIf(isPossible, 'These tests need root, curl and Caddy 2.8 or newer.');

describe('beside the gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'octoporty-compose-'));
  const socket = join(folder, 'run', 'admin.sock');
  const log = join(folder, 'log', 'caddy.log');
  let healthPort = 0;
  let running: ChildProcess | null = null;

  beforeAll(async () => {
    if (!isPossible) return;
    // As the volumes are: the folders are their owner's, and anybody looks into them.
    chmodSync(folder, 0o755);
    for (const name of ['run', 'log', 'data']) mkdirSync(join(folder, name), { mode: 0o755 });
    healthPort = await freePort();
    const ports = `{\n\thttp_port ${await freePort()}\n\thttps_port ${await freePort()}\n`;
    const caddyfile = readFileSync(new URL('../../deploy/Caddyfile.compose', import.meta.url), 'utf8')
      .replace(/^\{\n/m, ports)
      .replace('/run/caddy/', `${join(folder, 'run')}/`)
      .replace('/var/log/caddy/', `${join(folder, 'log')}/`)
      .replaceAll(':2020', `:${healthPort}`);
    writeFileSync(join(folder, 'Caddyfile'), caddyfile);
    await start();
  });

  afterAll(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });

  testAsRoot('the gateway’s user reaches the admin API, by the mode of the socket alone', async () => {
    expect(await statusFor(GATEWAYS_USER)).toBe(200);
    chmodSync(socket, 0o200);
    expect(await statusFor(GATEWAYS_USER)).toBeNull();
    chmodSync(socket, 0o222);
  });

  testAsRoot('the gateway’s user reads the log, and nobody but Caddy writes it', async () => {
    expect(statSync(log).mode & 0o777).toBe(0o644);
    const { stdout } = await run('cat', [log], { uid: GATEWAYS_USER, gid: GATEWAYS_USER });
    expect(stdout).toContain('"msg":"server running"');
  });

  testAsRoot('a gateway’s routes leave Caddy healthy, and its socket open to another user', async () => {
    const rig = await startRig({
      maps: ['web.localhost=http://127.0.0.1:9'],
      env: { OCTOPORTY_CADDY_ADMIN_URL: `unix:${socket}`, OCTOPORTY_GATEWAY_HOST: 'tunnel.localhost' },
    });
    try {
      // While it takes a new configuration, Caddy opens its socket anew.
      const config = () => configFor(GATEWAYS_USER).catch(() => '');
      await until('the route is there', async () => (await config()).includes('web.localhost'));
      expect((await get(healthPort, '127.0.0.1', '/health')).status).toBe(200);
      expect(statSync(socket).mode & 0o777).toBe(0o222);
    } finally {
      await rig.stop();
    }
  });

  testAsRoot('a Caddy that was killed takes its place again, over the socket that it left', async () => {
    await kill();
    expect(await statusFor(GATEWAYS_USER)).toBeNull();
    await start();
    expect(await statusFor(GATEWAYS_USER)).toBe(200);
  });

  async function start(): Promise<void> {
    const child = spawn(caddy, ['run', '--config', join(folder, 'Caddyfile')], {
      env: { XDG_DATA_HOME: join(folder, 'data'), XDG_CONFIG_HOME: join(folder, 'data'), HOME: folder },
      stdio: 'ignore',
    });
    running = child;
    await until('Caddy answers', async () => (await statusFor(0)) === 200);
  }

  async function kill(): Promise<void> {
    const ending = running;
    running = null;
    if (ending?.exitCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill('SIGKILL');
    await exited;
  }

  /** What the admin API answers to that user; null where the user does not reach it. */
  async function statusFor(uid: number): Promise<number | null> {
    const args = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
    const status = await ask(uid, args).catch(() => '000');
    return status === '000' ? null : Number(status);
  }

  function configFor(uid: number): Promise<string> {
    return ask(uid, ['--silent']);
  }

  async function ask(uid: number, args: readonly string[]): Promise<string> {
    const all = [...args, '--unix-socket', socket, 'http://127.0.0.1/config/'];
    const { stdout } = await run(curl, all, { uid, gid: uid });
    return stdout;
  }
});
