// Owns the tests of `octoporty doctor`: what it prints, its exit code, and what it says of whole services that run.

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  examine,
  examineConfiguration,
  exitCodeOf,
  failed,
  jsonOf,
  linesOf,
  ok,
  skipped,
} from '../../services/doctor.ts';
import { ConfigError } from '../../services/config/variables.ts';
import { SECRET, freePort, get, startRig, type Rig } from '../support/rig.ts';
import { run, tempDir } from './spawned.ts';

const CLI = 'services/cli.ts';

describe('what is found', () => {
  const findings = [
    ok('a', 'is well'),
    failed('longer', 'is not', 'mend\nit'),
    failed('said', 'is not: mend it'),
    skipped('b', 'it needs more'),
  ];

  it('is one line for each check, in order', () => {
    expect(linesOf(findings)).toBe(
      [
        'ok      a       is well',
        'FAILED  longer  is not → mend it',
        'FAILED  said    is not: mend it',
        'skipped b       it needs more',
        '',
        '4 checks, 2 failed.',
        '',
      ].join('\n'),
    );
    expect(linesOf([ok('a', 'is well')])).toBe('ok      a  is well\n\n1 check, none failed.\n');
  });

  it('can be read by programs', () => {
    expect(JSON.parse(jsonOf(findings))).toEqual({
      failed: 2,
      findings: [
        { check: 'a', verdict: 'ok', saw: 'is well' },
        { check: 'longer', verdict: 'failed', saw: 'is not', advice: 'mend\nit' },
        { check: 'said', verdict: 'failed', saw: 'is not: mend it' },
        { check: 'b', verdict: 'skipped', saw: 'it needs more' },
      ],
    });
  });

  it('decides the exit code: how many checks failed, at most 100', () => {
    expect(exitCodeOf(findings)).toBe(2);
    expect(exitCodeOf([ok('a', '')])).toBe(0);
    expect(exitCodeOf(Array.from({ length: 256 }, () => failed('a', '')))).toBe(100);
  });

  it('is a failure when a check breaks', async () => {
    const broken = await examine('a', () => Promise.reject(new Error('it broke')));
    expect(broken).toMatchObject({ verdict: 'failed', saw: 'it broke' });
    expect(await examine('a', async () => ok('a', 'fine'))).toEqual(ok('a', 'fine'));
  });

  it('names the variable of a configuration that is wrong', () => {
    const { finding, config } = examineConfiguration('configuration', () => {
      throw new ConfigError('OCTOPORTY_X is not set.');
    });
    expect([finding.verdict, finding.saw, config]).toEqual(['failed', 'OCTOPORTY_X is not set.', null]);
    expect(examineConfiguration('configuration', () => 1)).toMatchObject({
      finding: { verdict: 'ok' },
      config: 1,
    });
  });
});

describe('octoporty doctor', () => {
  it('names the variable that is missing, and tries nothing else', async () => {
    const { code, stdout } = await run(CLI, ['doctor', 'agent', '--data-dir', tempDir()]).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +agent configuration +OCTOPORTY_AUTH_SECRET is not set: .*→/);
    expect(stdout).toMatch(/^skipped all else /m);
  });

  it('refuses a service that there is not', async () => {
    const { code, stdout, stderr } = await run(CLI, ['doctor', 'caddy']).ended;
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      'doctor examines "gateway", "agent" or "up", not "caddy".\n',
    ]);
  });

  it('tells a folder whose secret it cannot read', async () => {
    const dataDir = tempDir();
    mkdirSync(join(dataDir, 'secret'));
    const { code, stdout, stderr } = await run(CLI, ['doctor', '--data-dir', dataDir]).ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^The data folder .* cannot be used \(EISDIR: [^\n]*\n$/);
  });

  it('tells a database that a start refuses as that does, by the line of the file', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'octoporty.yaml'), '\nconnectionString: postgres://db/x\n');
    const env = {
      OCTOPORTY_AUTH_SECRET: SECRET,
      OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1:1',
      OCTOPORTY_UI_PASSWORD: 'a password for tests',
    };
    const { code, stdout } = await run(CLI, ['doctor', 'agent'], env, dir).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +agent configuration +octoporty\.yaml:2: connectionString must be /);
  });

  it('says that there is no set-up of up where none was made', async () => {
    const { code, stderr } = await run(CLI, ['doctor', 'up', '--data-dir', tempDir()]).ended;
    expect([code, stderr]).toEqual([1, 'There is no set-up of "octoporty up" here: start it once.\n']);
  });
});

describe('beside services that run, the doctor', () => {
  it('finds all well, then an origin that has stopped, and disturbs no tunnel', async () => {
    const origin = await startOrigin();
    const rig = await startOneRig([`app.localhost=http://127.0.0.1:${origin.port}`]);

    const well = await run(CLI, ['doctor'], agentEnv(rig)).ended;
    expect(well.stdout).toMatch(
      /^ok +origin of app\.localhost +127\.0\.0\.1 port \d+ answers with status 200\.$/m,
    );
    expect(well.stdout).toMatch(/^ok +secret /m);
    expect([well.code, well.stderr]).toEqual([0, '']);

    await origin.stop();
    const stopped = await run(CLI, ['doctor', '--json'], agentEnv(rig)).ended;
    expect(stopped.code).toBe(1);
    expect(failuresIn(stopped.stdout)).toEqual([
      {
        check: 'origin of app.localhost',
        verdict: 'failed',
        saw: `127.0.0.1 port ${origin.port} refused the connection: is the service running?`,
      },
    ]);

    expect(rig.gateway.output).not.toContain('A tunnel has ended.');
    expect(rig.gateway.output.match(/A tunnel is online/g)).toHaveLength(1);
    expect((await get(rig.uiPort, 'localhost', '/health/ready')).status).toBe(200);
  });

  it('tells a secret that the gateway refuses, and what to do', async () => {
    const rig = await startOneRig([]);
    const env = { ...agentEnv(rig), OCTOPORTY_AUTH_SECRET: 'another secret that is long enough' };
    const { code, stdout } = await run(CLI, ['doctor'], env).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^FAILED +secret +the gateway refused it → set the same OCTOPORTY_AUTH_SECRET on both sides$/m,
    );
    expect(stdout).not.toContain('another secret');
  });

  it('finds the gateway well, and misses an agent that has gone', async () => {
    const rig = await startOneRig([]);
    const env = {
      OCTOPORTY_AUTH_SECRET: SECRET,
      OCTOPORTY_LISTEN_HOST: '127.0.0.1',
      OCTOPORTY_LISTEN_PORT: String(rig.gatewayPort),
    };
    const well = await run(CLI, ['doctor'], env).ended;
    expect(well.stdout).toMatch(/^ok +agents +1 connected, tunnels: 1$/m);
    expect(well.code).toBe(0);
    await rig.agent.end('SIGTERM');
    const alone = await run(CLI, ['doctor', '--json'], env).ended;
    expect(failuresIn(alone.stdout)).toMatchObject([{ check: 'agents', saw: 'none is connected' }]);
    expect(alone.code).toBe(1);
  });

  it('knows the set-up that up keeps, without any configuration', async () => {
    const [listenPort, uiPort] = [await freePort(), await freePort()];
    const where = ['--data-dir', tempDir(), '--listen-port', `${listenPort}`, '--ui-port', `${uiPort}`];
    const up = run(CLI, ['up', '--no-demo', ...where]);
    await up.printed(/is online/);
    const { code, stdout } = await run(CLI, ['doctor', ...where]).ended;
    expect(stdout).toMatch(/^ok +agents +1 connected/m);
    expect(stdout).toMatch(/^ok +secret /m);
    expect(code).toBe(0);
    up.kill('SIGTERM');
    await up.ended;
    const stopped = await run(CLI, ['doctor', '--json', ...where]).ended;
    expect(failuresIn(stopped.stdout).map(({ check }) => check)).toEqual([
      'gateway',
      'agent',
      'gateway port',
    ]);
    const advices = failuresIn(stopped.stdout).map(({ advice }) => advice);
    expect(new Set(advices)).toEqual(new Set(['start "octoporty up"']));
  });
});

async function startOneRig(maps: readonly string[]): Promise<Rig> {
  const rig = await startRig({ maps });
  onTestFinished(() => rig.stop());
  return rig;
}

function agentEnv(rig: Rig) {
  return {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${rig.gatewayPort}/tunnel`,
    OCTOPORTY_UI_PASSWORD: 'a password for tests',
    OCTOPORTY_UI_PORT: String(rig.uiPort),
    OCTOPORTY_DATA_DIR: rig.dataDir,
  };
}

async function startOrigin() {
  const server = createServer((_request, response) => response.end('fine'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A listening TCP server has no other kind of address.
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { port, stop };
}

interface Told {
  readonly check: string;
  readonly verdict: string;
  readonly advice?: string;
}

function failuresIn(json: string): Told[] {
  const { findings }: { findings: Told[] } = JSON.parse(json);
  return findings.filter(({ verdict }) => verdict === 'failed');
}
