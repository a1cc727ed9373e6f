// Owns the tests of `octoporty up`: it works without configuration, keeps what it made up, and harms nobody.

import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, takenPort, tempDir, type Spawned } from './spawned.ts';

const CLI = 'services/cli.ts';
const ONLINE = /is online/;
const CURL = /curl http:\/\/([\w.]+):(\d+)\//;

describe('octoporty up', () => {
  it('prints a curl line that works at once', async () => {
    const process = up(tempDir());
    const [, name = '', port = ''] = await process.printed(CURL);
    expect(name).toBe('demo.localhost');
    expect(await ask(name, Number(port))).toMatch(/^Hello from the demo origin/);
    await end(process);
  });

  it('keeps a secret and a password for their owner only, and shows the password once', async () => {
    const dataDir = tempDir();
    const first = up(dataDir);
    await first.printed(CURL);
    const { stdout } = await end(first);
    const password = readFileSync(join(dataDir, 'password'), 'utf8').trim();
    expect(password).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
    expect(stdout).toContain(`admin, password ${password}`);
    for (const file of ['secret', 'password']) expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    const inodes = ['secret', 'password'].map((file) => statSync(join(dataDir, file)).ino);

    const second = up(dataDir);
    await second.printed(CURL);
    const { stdout: again } = await end(second);
    expect(again).toContain(`the password is in ${join(dataDir, 'password')}`);
    expect(again).not.toContain(password);
    expect(['secret', 'password'].map((file) => statSync(join(dataDir, file)).ino)).toEqual(inodes);
  });

  it('makes a data folder that only its owner may enter', async () => {
    const dataDir = join(tempDir(), 'below', 'data');
    const process = up(dataDir);
    await process.printed(ONLINE);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    await end(process);
  });

  it('takes the next free port when one is taken, and says so', async () => {
    const port = await takenPort();
    const process = up(tempDir(), [], { OCTOPORTY_LISTEN_PORT: String(port) });
    const [, other = ''] = await process.printed(
      new RegExp(`Port ${port} is taken: the gateway is on port (\\d+)\\.`),
    );
    const [, , printed] = await process.printed(CURL);
    expect(printed).toBe(other);
    await end(process);
  });

  it('publishes what --map names, now and at the next start', async () => {
    const dataDir = tempDir();
    const first = up(dataDir, ['--no-demo', '--map', 'app.localhost=http://127.0.0.1:9']);
    const [, name] = await first.printed(CURL);
    expect(name).toBe('app.localhost');
    await end(first);
    const second = up(dataDir, ['--no-demo']);
    await second.printed(/curl http:\/\/app\.localhost:/);
    await end(second);
  });

  it('says how to publish something when nothing is', async () => {
    const process = up(tempDir(), ['--no-demo']);
    await process.printed(/npm start -- --map app\.localhost=/);
    await end(process);
  });

  it('honours the environment', async () => {
    const secret = 'b'.repeat(40);
    const dataDir = tempDir();
    const env = {
      OCTOPORTY_AUTH_SECRET: secret,
      OCTOPORTY_UI_PASSWORD: 'correct horse',
      OCTOPORTY_UI_USERNAME: 'me',
    };
    const process = up(dataDir, [], env);
    await process.printed(CURL);
    for (const file of ['secret', 'password']) {
      expect(() => statSync(join(dataDir, file))).toThrow('ENOENT');
    }
    const { stdout } = await end(process);
    expect(stdout).not.toContain(secret);
    expect(stdout).not.toContain('correct horse');
  });

  it('refuses to listen beyond loopback', async () => {
    const { code, stderr } = await up(tempDir(), [], { OCTOPORTY_LISTEN_HOST: '0.0.0.0' }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^OCTOPORTY_LISTEN_HOST is 0\.0\.0\.0, but "octoporty up" listens on loopback only: .*\n$/,
    );
  });
});

function up(dataDir: string, args: string[] = [], env: Record<string, string> = {}): Spawned {
  return run(CLI, ['up', '--data-dir', dataDir, ...args], {
    OCTOPORTY_LISTEN_PORT: '0',
    OCTOPORTY_UI_PORT: '0',
    ...env,
  });
}

/** Ctrl-C ends it cleanly. */
async function end(process: Spawned) {
  process.kill('SIGINT');
  const ended = await process.ended;
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  return ended;
}

/** As curl asks: `*.localhost` leads to loopback. */
function ask(name: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path: '/',
      headers: { Host: `${name}:${port}` },
      agent: false,
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(body));
    });
    sent.end();
  });
}
