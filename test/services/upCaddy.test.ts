// Owns the tests of `octoporty up --caddy` as a process: which Caddy it takes, what it tells it, and how it ends.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog, type LogDestination } from '../../services/log.ts';
import { startCaddy, type RunningCaddy } from '../../services/up/caddy.ts';
import { testEachCaddy, type CaddyBinary } from '../support/caddy.ts';
import { freePort, until } from '../support/rig.ts';
import { TlsVisitor } from '../support/tlsVisitor.ts';
import { run, takenPort, tempDir } from './spawned.ts';

const CLI = 'services/cli.ts';
/** All that a Caddy needs of ours. */
const ENVIRONMENT = { PATH: process.env.PATH, HOME: '/nonexistent' };

describe('octoporty up --caddy', () => {
  it('says how to get a Caddy when there is none', async () => {
    const { code, stderr } = await up({ OCTOPORTY_CADDY: '/nowhere/caddy' }).ended;
    expect(code).toBe(1);
    expect(stderr).toBe(
      '--caddy needs Caddy, and there is no /nowhere/caddy: install it (https://caddyserver.com/docs/install) and put it on the PATH, or name its file with OCTOPORTY_CADDY.\n',
    );
  });

  it('refuses a Caddy that is too old', async () => {
    const { code, stderr } = await up({ OCTOPORTY_CADDY: script('echo v2.6.2 h1:abc=') }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^--caddy needs Caddy 2\.8 or newer, and \S+ is 2\.6\.2: install it .*\n$/);
  });

  it('tells what Caddy said when it does not start, and leaves it none of our secrets', async () => {
    const binary = script(
      '[ $1 = version ] && echo v2.9.0 || { env >"$0.env"; echo "Error: no luck" >&2; exit 1; }',
    );
    const secret = 'c'.repeat(40);
    const { code, stderr } = await up({ OCTOPORTY_CADDY: binary, OCTOPORTY_AUTH_SECRET: secret }).ended;
    expect([code, stderr]).toEqual([1, 'Caddy did not start: Error: no luck\n']);
    const environment = readFileSync(`${binary}.env`, 'utf8');
    expect(environment).toContain('XDG_DATA_HOME=');
    expect(environment).not.toMatch(/OCTOPORTY|cccc/);
  });

  it('passes on what Caddy warns of, without what befell single requests', async () => {
    const said = [
      { level: 'error', logger: 'http.log.error', msg: 'dial tcp', ts: 1, request: { uri: '/?token=x' } },
      { level: 'warn', logger: 'tls', msg: 'not so good', ts: 1, names: ['a'] },
    ].map((line) => `echo '${JSON.stringify(line)}' >&2`);
    const lines: string[] = [];
    const binary = script(`[ $1 = version ] && echo v2.9.0 || { ${said.join('; ')}; exit 1; }`);
    await expect(start(binary, tempDir(), { write: (line) => void lines.push(line) })).rejects.toThrow(
      'Caddy did not start: not so good',
    );
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'warn',
        msg: 'Caddy: not so good',
        caddy: { logger: 'tls', names: ['a'] },
      }),
    ]);
  });

  testEachCaddy('keeps everything of Caddy in the data folder, for its owner only', async ({ path }) => {
    const dataDir = tempDir();
    const caddy = await start(path, dataDir);
    expect(caddy.adminUrl).toBe(`unix:${join(dataDir, 'caddy', 'admin.sock')}`);
    expect(statSync(join(dataDir, 'caddy')).mode & 0o777).toBe(0o700);
    for (const file of ['admin.sock', 'caddy.json']) {
      expect(statSync(join(dataDir, 'caddy', file)).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(caddy.rootFile, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(await listensOf(caddy)).toEqual([`127.0.0.1:${caddy.httpsPort}`]);
  });

  testEachCaddy('warns of nothing when all is well', async ({ path }) => {
    const lines: string[] = [];
    const caddy = await start(path, tempDir(), { write: (line) => void lines.push(line) });
    await addName(caddy, 'app.localhost');
    expect(await caddy.serves('app.localhost')).toBe(true);
    await caddy.stop();
    expect(lines).toEqual([]);
  });

  testEachCaddy(
    'has a certificate for any name, and is asked in vain for one that it does not know',
    async ({ path }) => {
      const caddy = await start(path, tempDir());
      await addName(caddy, 'app.example.com');
      expect(await caddy.serves('app.example.com')).toBe(true);
      expect(await caddy.serves('other.example.com')).toBe(false);
    },
  );

  testEachCaddy(
    'starts a Caddy again that has ended by itself, with the same authority',
    async ({ path }) => {
      const lines: string[] = [];
      const caddy = await start(path, tempDir(), { write: (line) => void lines.push(line) });
      const root = readFileSync(caddy.rootFile, 'utf8');
      await addName(caddy, 'app.localhost');
      await ask(caddy, 'POST', '/stop');
      await until('Caddy is back without the name', async () => (await routesOf(caddy))?.length === 0);
      expect(lines.join('')).toContain('Caddy has ended and is started again.');
      expect(readFileSync(caddy.rootFile, 'utf8')).toBe(root);
    },
  );

  testEachCaddy(
    'finds a place for the admin socket when the data folder’s path is too long for one',
    async ({ path }) => {
      const dataDir = join(tempDir(), 'long'.repeat(30));
      const caddy = await start(path, dataDir);
      expect(await listensOf(caddy)).toHaveLength(1);
      const socket = caddy.adminUrl.slice('unix:'.length);
      expect(socket.startsWith(dataDir)).toBe(false);
      await caddy.stop();
      expect(() => statSync(join(socket, '..'))).toThrow('ENOENT');
    },
  );

  testEachCaddy('starts over what a Caddy that was killed has left', async ({ path }) => {
    const dataDir = tempDir();
    const first = await start(path, dataDir);
    await first.stop();
    // The file of a socket that nobody listens on.
    writeFileSync(join(dataDir, 'caddy', 'admin.sock'), '');
    expect(await listensOf(await start(path, dataDir))).toHaveLength(1);
  });

  testEachCaddy('refuses the data folder of another one that runs', async ({ path }) => {
    const dataDir = tempDir();
    await start(path, dataDir);
    await expect(start(path, dataDir)).rejects.toThrow(
      /^Another Caddy runs on .*: stop the "octoporty up --caddy"/,
    );
  });

  testEachCaddy('refuses a port that is taken, though Caddy would share it', async ({ path }) => {
    const first = await start(path, tempDir());
    await expect(start(path, tempDir(), SILENCE, first.httpsPort)).rejects.toThrow('EADDRINUSE');
  });

  testEachCaddy(
    'prints a line that works at once, on the next free port when one is taken, where the doctor finds it',
    async ({ path }) => {
      const port = await takenPort();
      const dataDir = tempDir();
      const process = up({ OCTOPORTY_CADDY: path, OCTOPORTY_CADDY_PORT: String(port) }, dataDir);
      const [, root = '', other = ''] = await process.printed(
        /curl --cacert (\S+) https:\/\/demo\.localhost:(\d+)\/\n/,
      );
      expect(process.stdout()).toContain(
        `Port ${port} is taken: the way in through Caddy is on port ${other}.\n`,
      );
      const visitor = new TlsVisitor(Number(other), readFileSync(root));
      expect(await visitor.get('demo.localhost')).toMatchObject({
        status: 200,
        body: expect.stringContaining('Hello from the demo origin') as unknown,
      });
      const doctor = await run(CLI, ['doctor', '--data-dir', dataDir]).ended;
      expect(doctor.stdout).toMatch(new RegExp(`^ok +up .* Caddy on port ${other}$`, 'm'));
      expect(doctor.stdout).toMatch(/^ok +caddy +unix:.* answers$/m);
      expect(doctor.code).toBe(0);
      process.kill('SIGINT');
      expect(await process.ended).toMatchObject({ code: 0, stderr: '' });
      expect(process.stdout()).not.toContain('"level"');
    },
  );

  testEachCaddy('leaves no Caddy behind, however it ends', async ({ path }) => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const port = await freePort();
      const dataDir = tempDir();
      const process = up({ OCTOPORTY_CADDY: path, OCTOPORTY_CADDY_PORT: String(port) }, dataDir);
      const socket = join(dataDir, 'caddy', 'admin.sock');
      const isThere = () => isAnswering(socket);
      await until('Caddy runs', isThere);
      process.kill(signal);
      await process.ended;
      await until(`Caddy is gone after ${signal}`, async () => !(await isThere()), 5_000);
    }
  });
});

const SILENCE: LogDestination = { write() {} };

/** A program of a few words in place of Caddy. */
function script(text: string): string {
  const path = join(tempDir(), 'caddy');
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

function up(env: Record<string, string>, dataDir = tempDir()) {
  return run(CLI, ['up', '--caddy', '--data-dir', dataDir], {
    OCTOPORTY_LISTEN_PORT: '0',
    OCTOPORTY_UI_PORT: '0',
    OCTOPORTY_CADDY_PORT: '0',
    ...env,
  });
}

async function start(
  binary: CaddyBinary['path'],
  dataDir: string,
  destination: LogDestination = SILENCE,
  httpsPort = 0,
): Promise<RunningCaddy> {
  const log = createLog({ level: 'warn', secrets: [], destination });
  const caddy = await startCaddy({ binary, dataDir, httpsPort, environment: ENVIRONMENT, log });
  onTestFinished(() => caddy.stop());
  return caddy;
}

async function listensOf(caddy: RunningCaddy): Promise<unknown> {
  return JSON.parse(await ask(caddy, 'GET', '/config/apps/http/servers/up/listen'));
}

async function addName(caddy: RunningCaddy, name: string): Promise<void> {
  const route = { match: [{ host: [name] }], handle: [{ handler: 'static_response' }] };
  await ask(caddy, 'POST', '/config/apps/http/servers/up/routes', route);
}

/** Undefined while nobody answers. */
async function routesOf(caddy: RunningCaddy): Promise<unknown[] | undefined> {
  try {
    const routes: unknown = JSON.parse(await ask(caddy, 'GET', '/config/apps/http/servers/up/routes'));
    return Array.isArray(routes) ? routes : undefined;
  } catch {
    return undefined;
  }
}

function ask({ adminUrl }: Pick<RunningCaddy, 'adminUrl'>, method: string, path: string, body?: unknown) {
  return new Promise<string>((resolve, reject) => {
    const asked = request({
      socketPath: adminUrl.slice('unix:'.length),
      method,
      path,
      headers: { host: '127.0.0.1', 'content-type': 'application/json' },
      agent: false,
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function isAnswering(socketPath: string): Promise<boolean> {
  return ask({ adminUrl: `unix:${socketPath}` }, 'GET', '/config/').then(
    () => true,
    () => false,
  );
}
