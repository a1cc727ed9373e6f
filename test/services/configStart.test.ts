// Owns the proof that `octoporty config` refuses what the start refuses, in the same words, setting by setting.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storePlaceOf } from '../../services/agent/databaseRule.ts';
import { parseConfigText } from '../../services/config/configText.ts';
import { problemCount, reportOf } from '../../services/config/report.ts';
import { SETTINGS } from '../../services/config/settings.ts';
import { ConfigError, type Variables } from '../../services/config/variables.ts';
import { loadAgentConfig, loadGatewayConfig } from '../../services/config.ts';
import { refusal } from './refusal.ts';
import { run, tempDir } from './spawned.ts';

const SECRET = 's'.repeat(32);

/** Enough for a start, and Caddy, so that its settings count. */
const ENOUGH: Readonly<Record<'gateway' | 'agent', Variables>> = {
  gateway: {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_CADDY_ADMIN_URL: 'unix:/run/caddy.sock',
    OCTOPORTY_GATEWAY_HOST: 't.example.com',
  },
  agent: {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_GATEWAY_URL: 'wss://t.example.com',
    OCTOPORTY_UI_PASSWORD: 'correct horse',
  },
};

/** What people type by mistake, each of it into each setting. */
const ODD = [
  ' ',
  '0',
  '-1',
  '1e3',
  'a b',
  'a\nb',
  'a\0b',
  'x:y:z',
  'host:80',
  'host:0',
  '[::1]:80',
  '127.1',
  'fe80::1%eth0',
  'http://localhost:0',
  'https://joe:hunter2@x.example/path?a#b',
  'joe:hunter2@x',
  'ws://10.0.0.1',
  'wss://*.example.com',
  'wss://t.example.com:0',
  'unix:relative',
  '*.local',
  'nas.local:5080,x',
  ',,',
  '10.0.0.0/33',
  'TRUE',
  '0.0001s',
  '25d',
  '1ms',
  'sqlite:',
  'sqlite::memory:',
  'postgres://joe:hunter2@db/x',
  'mssql://joe:hunter2@db/',
  'Server=db',
  'é'.repeat(40),
  'x'.repeat(300),
  '/dev/null',
  '/dev/null/below',
  '~',
];

const CASES = (['gateway', 'agent'] as const).flatMap((service) =>
  Object.keys(SETTINGS[service]).map((name) => [service, name] as const),
);

describe('octoporty config', () => {
  it.each(CASES)('refuses for a %s whatever its start refuses of %s, in the same line', (service, name) => {
    for (const odd of ODD) {
      const environment = { ...ENOUGH[service], [name]: odd };
      const line = lineOfStart(service, environment);
      const { problems, rows } = reported(service, environment);
      const said = [...problems, ...rows.flatMap((row) => row.problems)];
      expect([odd, said]).toEqual([odd, line === null ? [] : [line]]);
      if (line === null) continue;
      expect(line).not.toContain('\n');
      // Nobody finds a file by a path that is not shown.
      if (SETTINGS[service][name]?.about.takes === 'path') continue;
      expect(line).not.toContain('hunter2');
      expect(rows.map(({ value }) => value).join()).not.toContain('hunter2');
    }
  });

  it.each<readonly [keyof typeof ENOUGH, string, string, string]>([
    ['gateway', 'OCTOPORTY_LISTEN_HOST', 'a b', 'must be an address or a host name alone'],
    ['agent', 'OCTOPORTY_UI_HOST', '0.0.0.0:5080', 'must be an address or a host name alone'],
    ['gateway', 'OCTOPORTY_CADDY_UPSTREAM', 'x:y:z', 'must be a host and a port, such as gateway:5000'],
    ['gateway', 'OCTOPORTY_CADDY_UPSTREAM', 'gateway', 'must be a host and a port, such as gateway:5000'],
    [
      'agent',
      'OCTOPORTY_UI_ALLOWED_HOSTS',
      'a.local,http://b',
      'must be a comma-separated list of host names',
    ],
    ['agent', 'OCTOPORTY_UI_ALLOWED_HOSTS', 'nas local', 'must be a comma-separated list of host names'],
    [
      'agent',
      'OCTOPORTY_CONNECTION_STRING',
      'postgres://joe:hunter2@db/x',
      'must be sqlite:<path to a file>',
    ],
    ['agent', 'OCTOPORTY_DATA_DIR', '/dev/null', 'is /dev/null, where a file is in the way'],
    ['agent', 'OCTOPORTY_GATEWAY_URL', 'wss://*.example.com', 'must be like wss://tunnel.example.com'],
    ['gateway', 'OCTOPORTY_CADDY_ADMIN_URL', 'http://localhost:0', 'must be like http://localhost:2019'],
    ['gateway', 'OCTOPORTY_SESSION_LIFETIME', '1ms', 'must be at least 500ms'],
    ['gateway', 'OCTOPORTY_STATUS_TOKEN', 'tökén', 'must be ASCII on one line'],
    ['agent', 'OCTOPORTY_UI_PASSWORD', 'a\n', 'must be one line'],
  ])('says for a %s what is wrong with %s=%j', (service, name, odd, words) => {
    const line = lineOfStart(service, { ...ENOUGH[service], [name]: odd });
    expect(line?.slice(0, `${name} ${words}`.length)).toBe(`${name} ${words}`);
  });

  it('begins with the line of the file where a start does, for the database as for all else', () => {
    const text = '\nconnectionString: postgres://db/x';
    const file = parseConfigText('octoporty.yaml', text, 0o600);
    const sources = { environment: ENOUGH.agent, file };
    const line = refusal(() => storePlaceOf(sources));
    expect(line).toMatch(/^octoporty\.yaml:2: connectionString must be sqlite:/);
    const { rows } = reportOf({ service: 'agent', sources, file, maps: [], moreRules: [storePlaceOf] });
    expect(rows.flatMap(({ problems }) => problems)).toEqual([line]);
  });

  it('takes a folder that is not there yet', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'below'));
    for (const path of [join(dir, 'below'), join(dir, 'later', 'still')])
      expect(lineOfStart('agent', { ...ENOUGH.agent, OCTOPORTY_DATA_DIR: path })).toBeNull();
  });
});

describe('a start', () => {
  it.each([
    ['gateway', { OCTOPORTY_LISTEN_HOST: '[::1]', OCTOPORTY_LISTEN_PORT: '0' }, '::1'],
    ['agent', { OCTOPORTY_UI_HOST: 'LocalHost.', OCTOPORTY_UI_PORT: '0' }, 'localhost'],
  ] as const)('listens where it is told, however that is written: %s', async (service, listens, host) => {
    const environment = {
      ...ENOUGH[service],
      OCTOPORTY_CADDY_ADMIN_URL: '',
      OCTOPORTY_DATA_DIR: tempDir(),
      ...listens,
    };
    const started = run('services/cli.ts', [service], environment);
    await started.printed(new RegExp(`"host":"${host}","port":\\d+`));
    started.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
  });

  it('of an agent and "octoporty config" refuse a database in one line, wherever that is named', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'octoporty.json'), '{"connectionString": "postgres://db/x"}');
    const ask = (command: readonly string[]) => run('services/cli.ts', command, ENOUGH.agent, dir).ended;
    const [started, up, told] = await Promise.all([ask(['agent']), ask(['up']), ask(['config', 'agent'])]);
    expect([started.code, up.code, told.code]).toEqual([1, 1, 1]);
    expect(started.stderr).toMatch(/^octoporty\.json:1: connectionString must be sqlite:[^\n]*\n$/);
    expect(up.stderr).toBe(started.stderr);
    expect(told.stdout).toContain(started.stderr);
  });
});

/** Null: it starts. */
function lineOfStart(service: 'gateway' | 'agent', environment: Variables): string | null {
  try {
    if (service === 'gateway') loadGatewayConfig({ environment });
    else {
      loadAgentConfig({ environment });
      storePlaceOf({ environment });
    }
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

function reported(service: 'gateway' | 'agent', environment: Variables) {
  const moreRules = service === 'agent' ? [storePlaceOf] : [];
  const report = reportOf({ service, sources: { environment }, file: null, maps: [], moreRules });
  expect(problemCount(report)).toBe(
    report.problems.length + report.rows.flatMap((row) => row.problems).length,
  );
  return report;
}
