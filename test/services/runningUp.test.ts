// Owns the tests of how an `octoporty up` that runs is found, whatever ports it has, and how one that was killed is not.

import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockDataFolder } from '../../services/agent/dataFolderLock.ts';
import type { Service } from '../../services/config.ts';
import type { ConfigSources } from '../../services/config/variables.ts';
import { healthTargetsOf } from '../../services/up/healthTargets.ts';
import { atRunningUp, runningUp } from '../../services/up/runningUp.ts';
import { noteLog } from './agent/api/apiStage.ts';
import { run, takenPort, tempDir, type Spawned } from './spawned.ts';

const CLI = 'services/cli.ts';

const NOTED = {
  gateway: { host: '127.0.0.1', port: 5001 },
  dashboard: { host: '127.0.0.1', port: 5081 },
  caddy: null,
};

describe('an octoporty up that runs', () => {
  it('is found by doctor and health at the ports that it has taken', async () => {
    const dataDir = tempDir();
    const port = await takenPort();
    const up = start(dataDir, { OCTOPORTY_LISTEN_PORT: String(port), OCTOPORTY_UI_PORT: String(port) });
    await up.printed(/is online/);
    const [, gatewayPort = ''] = /the gateway is on port (\d+)/.exec(up.stdout()) ?? [];
    const [, uiPort = ''] = /the dashboard is on port (\d+)/.exec(up.stdout()) ?? [];

    const where = ['--data-dir', dataDir];
    const doctor = await run(CLI, ['doctor', ...where]).ended;
    expect(doctor.stdout).toMatch(
      new RegExp(
        `^ok +up +"octoporty up" runs: gateway on port ${gatewayPort}, dashboard on port ${uiPort}$`,
        'm',
      ),
    );
    expect([doctor.code, doctor.stderr]).toEqual([0, '']);
    expect(await run(CLI, ['health', ...where]).ended).toEqual({
      code: 0,
      stdout: `The gateway on port ${gatewayPort} is healthy.\nThe agent on port ${uiPort} is healthy.\n`,
      stderr: '',
    });
    await end(up);
  });

  it('is found where it listens, on IPv6 too, and its agent dials that', async () => {
    const dataDir = tempDir();
    const up = start(dataDir, { OCTOPORTY_LISTEN_HOST: '::1', OCTOPORTY_UI_HOST: '::1' });
    await up.printed(/is online/);
    const doctor = await run(CLI, ['doctor', '--data-dir', dataDir]).ended;
    expect(doctor.stdout).toMatch(/^ok +gateway port +::1 port \d+ takes connections$/m);
    expect([doctor.code, doctor.stderr]).toEqual([0, '']);
    expect((await run(CLI, ['health', '--data-dir', dataDir]).ended).code).toBe(0);
    await end(up);
  });

  it('is examined by the side that is asked for', async () => {
    const dataDir = tempDir();
    const up = start(dataDir);
    await up.printed(/is online/);
    const checksOf = async (side: string) => {
      const { code, stdout } = await run(CLI, ['doctor', side, '--data-dir', dataDir]).ended;
      expect(code).toBe(0);
      return [...stdout.matchAll(/^(?:ok|skipped) +(.*?)  /gm)].map(([, check]) => check);
    };
    expect(await checksOf('gateway')).toEqual(expect.arrayContaining(['up', 'gateway', 'agents']));
    expect(await checksOf('gateway')).not.toContain('agent');
    expect(await checksOf('agent')).toEqual(expect.arrayContaining(['up', 'agent', 'secret']));
    expect(await checksOf('agent')).not.toContain('gateway');
    await end(up);
  });

  it('notes where it listens for its owner only, and takes the note away at its end', async () => {
    const dataDir = tempDir();
    const up = start(dataDir);
    await up.printed(/is online/);
    expect(statSync(noteIn(dataDir)).mode & 0o777).toBe(0o600);
    await end(up);
    expect(existsSync(noteIn(dataDir))).toBe(false);
  });

  it('misleads nobody once it is killed', async () => {
    const dataDir = tempDir();
    const up = start(dataDir);
    await up.printed(/is online/);
    const sources = { environment: { OCTOPORTY_DATA_DIR: dataDir } };
    expect(await runningUp(sources)).not.toBeNull();
    up.kill('SIGKILL');
    await up.ended;
    expect(existsSync(noteIn(dataDir))).toBe(true);
    expect(await runningUp(sources)).toBeNull();
    const doctor = await run(CLI, ['doctor', 'up', '--data-dir', dataDir, '--listen-port', '1']).ended;
    expect(doctor.stdout).toMatch(
      /^FAILED +gateway +The gateway on port 1 cannot .* → start "octoporty up"$/m,
    );
    expect(doctor.stdout).not.toMatch(/^ok +up /m);
  });
});

describe('a note of an octoporty up', () => {
  it('is believed while the folder is held, and gone once another agent takes the folder', async () => {
    const dataDir = tempDir();
    const sources = { environment: { OCTOPORTY_DATA_DIR: dataDir } };
    writeFileSync(noteIn(dataDir), JSON.stringify(NOTED));
    expect(await runningUp(sources)).toBeNull();
    const lock = await lockDataFolder(dataDir, noteLog().log);
    expect(existsSync(noteIn(dataDir))).toBe(false);
    writeFileSync(noteIn(dataDir), JSON.stringify(NOTED));
    expect(await runningUp(sources)).toEqual(NOTED);
    expect(await portsOf(null, sources)).toEqual([5001, 5081]);
    expect(await portsOf('agent', sources)).toEqual([5081]);
    lock.release();
    expect(await runningUp(sources)).toBeNull();
    expect(await portsOf('agent', sources)).toEqual([5080]);
  });

  it('stays when a second one cannot have the folder', async () => {
    const dataDir = tempDir();
    const lock = await lockDataFolder(dataDir, noteLog().log);
    onTestFinished(() => lock.release());
    writeFileSync(noteIn(dataDir), JSON.stringify(NOTED));
    await expect(lockDataFolder(dataDir, noteLog().log, 0)).rejects.toThrow('Another running agent');
    expect(await runningUp({ environment: { OCTOPORTY_DATA_DIR: dataDir } })).toEqual(NOTED);
  });

  it.each([
    '',
    '{',
    '{}',
    JSON.stringify({ ...NOTED, gateway: 5001 }),
    JSON.stringify({ ...NOTED, dashboard: { host: '::1', port: '5081' } }),
    JSON.stringify({ ...NOTED, dashboard: { host: '::1', port: 0 } }),
  ])('is none when it says %j', async (text) => {
    const dataDir = tempDir();
    const lock = await lockDataFolder(dataDir, noteLog().log);
    onTestFinished(() => lock.release());
    writeFileSync(noteIn(dataDir), text);
    expect(await runningUp({ environment: { OCTOPORTY_DATA_DIR: dataDir } })).toBeNull();
  });

  it('is not looked for where the folder is none', async () => {
    const file = join(tempDir(), 'data');
    writeFileSync(file, '');
    expect(await runningUp({ environment: { OCTOPORTY_DATA_DIR: file } })).toBeNull();
  });

  it('is not asked by health where a service is configured, or its port is told', async () => {
    const dataDir = tempDir();
    const lock = await lockDataFolder(dataDir, noteLog().log);
    onTestFinished(() => lock.release());
    writeFileSync(noteIn(dataDir), JSON.stringify(NOTED));
    const portsIn = (environment: Record<string, string>) =>
      portsOf(null, { environment: { OCTOPORTY_DATA_DIR: dataDir, ...environment } });
    expect(await portsIn({})).toEqual([5001, 5081]);
    expect(await portsIn({ OCTOPORTY_AUTH_SECRET: 'a'.repeat(32) })).toEqual([5000]);
    expect(await portsIn({ OCTOPORTY_UI_PORT: '9000' })).toEqual([9000]);
    expect(await portsIn({ OCTOPORTY_LISTEN_PORT: '0' })).toEqual([5001, 5081]);
  });

  it('yields to a flag or a variable that names a port, and not to a file, which up has read as well', () => {
    const file = {
      path: 'octoporty.yaml',
      values: new Map([['OCTOPORTY_LISTEN_PORT', { text: '5000', line: 1 }]]),
    };
    const flagsAt = (flags: Record<string, string>, environment: Record<string, string>) =>
      atRunningUp({ flags, environment, file }, NOTED).flags;
    expect(flagsAt({}, {})).toMatchObject({ OCTOPORTY_LISTEN_PORT: '5001', OCTOPORTY_UI_PORT: '5081' });
    expect(flagsAt({}, { OCTOPORTY_UI_HOST: '::1' })).toMatchObject({ OCTOPORTY_LISTEN_HOST: '127.0.0.1' });
    expect(flagsAt({}, { OCTOPORTY_UI_HOST: '::1' })).not.toHaveProperty('OCTOPORTY_UI_HOST');
    expect(flagsAt({ OCTOPORTY_LISTEN_PORT: '5000' }, {})).toMatchObject({
      OCTOPORTY_LISTEN_PORT: '5000',
      OCTOPORTY_UI_PORT: '5081',
    });
    const byVariable = flagsAt({}, { OCTOPORTY_LISTEN_PORT: '5000', OCTOPORTY_UI_PORT: '0' });
    expect(byVariable).toMatchObject({ OCTOPORTY_UI_PORT: '5081' });
    expect(byVariable).not.toHaveProperty('OCTOPORTY_LISTEN_PORT');
  });
});

function start(dataDir: string, env: Record<string, string> = {}): Spawned {
  return run(CLI, ['up', '--no-demo', '--data-dir', dataDir], {
    OCTOPORTY_LISTEN_PORT: '0',
    OCTOPORTY_UI_PORT: '0',
    ...env,
  });
}

async function portsOf(asked: Service | null, sources: ConfigSources): Promise<number[]> {
  return (await healthTargetsOf(asked, sources)).map(({ port }) => port);
}

async function end(up: Spawned): Promise<void> {
  up.kill('SIGINT');
  const { code, stderr } = await up.ended;
  expect([code, stderr]).toEqual([0, '']);
}

function noteIn(dataDir: string): string {
  return join(dataDir, 'up.json');
}
