// Owns the tests of the command line: what it prints, with which code it ends, and how a service alone behaves.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { VERSION } from '../../services/version.ts';
import { run, tempDir } from './spawned.ts';

const CLI = 'services/cli.ts';
const SECRET = 'a'.repeat(32);

describe('octoporty', () => {
  it('tells its version and its commands', async () => {
    expect(await run(CLI, ['--version']).ended).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
    const { code, stdout } = await run(CLI, ['--help']).ended;
    expect(code).toBe(0);
    for (const command of ['up', 'gateway', 'agent', 'health', 'doctor', 'config'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it.each([
    [['frob'], "error: unknown command 'frob'"],
    [['gateway', '--frob'], "error: unknown option '--frob'"],
    [['up', '--caddy-port', 'x'], '--caddy-port must be a port from 0 to 65535, not "x".'],
    [['up', '--map', 'x'], '--map must be NAME=URL, such as app.localhost=http://127.0.0.1:3000, not "x".'],
    [['health', 'caddy'], 'health asks "gateway" or "agent", not "caddy".'],
    [['config', 'caddy'], 'config tells of "gateway", "agent" or "up", not "caddy".'],
    [['gateway', '--config', '/no/such'], '--config: cannot read /no/such (ENOENT).'],
    [['gateway', '--listen-port', 'x'], '--listen-port must be a port from 0 to 65535, not "x".'],
  ])('refuses %j in one plain line', async (args, line) => {
    const { code, stdout, stderr } = await run(CLI, args, { OCTOPORTY_AUTH_SECRET: SECRET }).ended;
    expect([code, stdout, stderr]).toEqual([1, '', `${line}\n`]);
  });

  it.each([
    ['gateway', {}, /^OCTOPORTY_AUTH_SECRET is not set: .*\n$/],
    ['agent', { OCTOPORTY_AUTH_SECRET: SECRET }, /^OCTOPORTY_UI_PASSWORD is not set: .*\n$/],
  ])('starts no %s without what it needs', async (service, env, line) => {
    const { code, stdout, stderr } = await run(CLI, [service], env).ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(line);
  });
});

describe('octoporty health', () => {
  it.each([
    [200, 0],
    [503, 1],
  ])('turns status %i into exit code %i', async (status, code) => {
    const paths: (string | undefined)[] = [];
    const port = await listen((request, response) => {
      paths.push(request.url);
      response.writeHead(status).end('{}');
    });
    const ended = await run(CLI, ['health'], { OCTOPORTY_LISTEN_PORT: String(port) }).ended;
    expect(ended.code).toBe(code);
    expect(paths).toEqual(['/health']);
    expect(ended.stdout + ended.stderr).toMatch(/^The gateway on port \d+ is (not )?healthy.*\.\n$/);
  });

  it('asks the agent when the environment is an agent’s', async () => {
    const port = await listen((_request, response) => response.end());
    const { code, stdout } = await run(CLI, ['health'], { OCTOPORTY_UI_PORT: String(port) }).ended;
    expect([code, stdout]).toEqual([0, `The agent on port ${port} is healthy.\n`]);
  });

  it('says so when an agent runs without its tunnel, which a new start would not bring back', async () => {
    const body = JSON.stringify({ status: 'degraded', checks: { database: 'ok', tunnel: 'rejected' } });
    const port = await listen((_request, response) => response.end(body));
    const { code, stdout } = await run(CLI, ['health'], { OCTOPORTY_UI_PORT: String(port) }).ended;
    const told =
      'runs, but not all is well (tunnel rejected, database ok): "octoporty doctor agent" says what to do';
    expect([code, stdout]).toEqual([0, `The agent on port ${port} ${told}.\n`]);
  });

  it('exits 1 when nobody listens', async () => {
    const { code, stderr } = await run(CLI, ['health', 'agent'], { OCTOPORTY_UI_PORT: '1' }).ended;
    expect([code, stderr]).toEqual([1, 'The agent on port 1 cannot be asked: ECONNREFUSED.\n']);
  });

  it('exits 1 when no answer comes within 3 seconds', async () => {
    const port = await listen(() => {});
    const { code, stderr } = await run(CLI, ['health', 'agent'], { OCTOPORTY_UI_PORT: String(port) }).ended;
    expect([code, stderr]).toEqual([1, `The agent on port ${port} cannot be asked: no answer within 3 s.\n`]);
  });
});

describe('a service alone', () => {
  it.each([
    ['gateway', 'OCTOPORTY_LISTEN_PORT'],
    ['agent', 'OCTOPORTY_UI_PORT'],
  ])('refuses a taken port: %s names it and %s', async (service, variable) => {
    const port = await listen(() => {});
    const { code, stderr } = await run(CLI, [service], serviceEnv({ [variable]: String(port) })).ended;
    expect(stderr).toBe(`Port ${port} is taken: stop what uses it, or choose another with ${variable}.\n`);
    expect(code).toBe(1);
  });

  it.each(['gateway', 'agent'])(
    'logs JSON lines, is healthy, and exits 0 on SIGTERM: %s',
    async (service) => {
      const process = run(CLI, [service], serviceEnv());
      const [, port = ''] = await process.printed(/"port":(\d+)/);
      const variable = service === 'gateway' ? 'OCTOPORTY_LISTEN_PORT' : 'OCTOPORTY_UI_PORT';
      if (service === 'gateway') {
        expect((await run(CLI, ['health', service], { [variable]: port }).ended).code).toBe(0);
      }
      process.kill('SIGTERM');
      const { code, stdout, stderr } = await process.ended;
      expect([code, stderr]).toEqual([0, '']);
      for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
      expect(stdout).not.toContain(SECRET);
    },
  );
});

/** Ephemeral ports, data that is removed, and a gateway that is not there. */
function serviceEnv(more: Record<string, string> = {}): Record<string, string> {
  return {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_LISTEN_HOST: '127.0.0.1',
    OCTOPORTY_LISTEN_PORT: '0',
    OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1:1',
    OCTOPORTY_UI_PASSWORD: 'correct horse',
    OCTOPORTY_UI_PORT: '0',
    OCTOPORTY_DATA_DIR: tempDir(),
    ...more,
  };
}

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
