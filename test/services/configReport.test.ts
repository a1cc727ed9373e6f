// Owns the tests of `octoporty config`: each setting with its value, who has set it, and what is wrong with it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { storePlaceOf } from '../../services/agent/databaseRule.ts';
import { parseConfigText } from '../../services/config/configText.ts';
import { ConfigError, type Variables } from '../../services/config/variables.ts';
import { tellConfig } from '../../services/configCommand.ts';
import { run, tempDir } from './spawned.ts';

const SECRET = 'a'.repeat(32);
const AGENT = {
  OCTOPORTY_AUTH_SECRET: SECRET,
  OCTOPORTY_GATEWAY_URL: 'wss://tunnel.example.com',
  OCTOPORTY_UI_PASSWORD: 'correct horse',
};

describe('octoporty config', () => {
  it('tells each value with the flag, variable, line or default that it comes from', async () => {
    const secretFile = join(tempDir(), 'secret');
    writeFileSync(secretFile, SECRET);
    const told = await lines({
      service: 'gateway',
      flags: { OCTOPORTY_LISTEN_PORT: '5001' },
      environment: { OCTOPORTY_AUTH_SECRET_FILE: secretFile, OCTOPORTY_HEAD_TIMEOUT: '5m' },
      file: '\nlistenHost: 127.0.0.1',
    });
    expect(told[0]).toBe('gateway: configuration file octoporty.yaml');
    expect(cells(told)).toEqual(
      expect.arrayContaining([
        ['authSecret', 'set (hidden)', 'OCTOPORTY_AUTH_SECRET_FILE'],
        ['listenPort', '5001', '--listen-port'],
        ['headTimeout', '5m', 'OCTOPORTY_HEAD_TIMEOUT'],
        ['listenHost', '127.0.0.1', 'octoporty.yaml:2'],
        ['routeLease', '24h', 'default'],
        ['gatewayHost', '(required with Caddy)', 'default'],
      ]),
    );
    expect(told.at(-1)).toBe('Nothing is wrong.');
  });

  it('shows no secret, neither whole nor inside an address', async () => {
    const environment = {
      ...AGENT,
      OCTOPORTY_AUTH_SECRET_PREVIOUS: 'p'.repeat(40),
      OCTOPORTY_STATUS_TOKEN: 'hunter2',
      OCTOPORTY_CONNECTION_STRING: 'mssql://sa:hunter2@db/x',
      HTTPS_PROXY: 'http://me:hunter2@proxy:3128',
      OCTOPORTY_GATEWAY_URL: 'wss://me:hunter2@tunnel.example.com',
    };
    for (const isJson of [false, true]) {
      const { text, isGood } = await tell({ service: 'agent', environment, isJson });
      expect(text).not.toMatch(/hunter2|aaaa|pppp|correct horse/);
      expect(isGood).toBe(false);
    }
  });

  it('tells everything that is wrong beside its setting, and not only the first', async () => {
    const told = await lines({
      service: 'gateway',
      environment: { OCTOPORTY_AUTH_SECRET: 'short', OCTOPORTY_CADDY_ADMIN_URL: 'http://10.0.0.2:2019' },
      file: 'listenPort: x\nlistnHost: y',
    });
    expect(told[1]).toMatch(/^→ octoporty\.yaml:2: there is no setting "listnHost"/);
    const below = (key: string) => told[told.findIndex((line) => line.startsWith(`${key} `)) + 1];
    expect(below('authSecret')).toMatch(/^ +→ OCTOPORTY_AUTH_SECRET has 5 bytes/);
    expect(below('listenPort')).toMatch(/^ +→ octoporty\.yaml:1: listenPort must be a port/);
    expect(below('caddyAdminUrl')).toMatch(/^ +→ OCTOPORTY_CADDY_ADMIN_URL is plain HTTP/);
    expect(below('gatewayHost')).toMatch(/^ +→ OCTOPORTY_GATEWAY_HOST is not set: with Caddy/);
    expect(told.at(-1)).toBe('5 things are wrong.');
  });

  it('tells what makes a secret unreadable, and goes on', async () => {
    const environment = {
      ...AGENT,
      OCTOPORTY_AUTH_SECRET: undefined,
      OCTOPORTY_AUTH_SECRET_FILE: '/no/such',
    };
    const told = await lines({ service: 'agent', environment });
    expect(told.join('\n')).toContain('→ OCTOPORTY_AUTH_SECRET_FILE: cannot read /no/such (ENOENT).');
    expect(told.at(-1)).toBe('One thing is wrong.');
  });

  it('tells of the agent’s mappings, of the file and of --map, and of the proxy on its way', async () => {
    const told = await lines({
      service: 'agent',
      environment: { ...AGENT, HTTPS_PROXY: 'http://me:pw@proxy:3128' },
      file: 'mappings:\n  a.com: http://x\n  b.com: http://y\n  c d: http://z',
      maps: ['B.com=http://flag'],
    });
    expect(cells(told)).toEqual(
      expect.arrayContaining([
        ['mappings.a.com', 'http://x', 'octoporty.yaml:2'],
        ['mappings.B.com', 'http://flag', '--map'],
        ['HTTPS_PROXY', 'http://proxy:3128', 'HTTPS_PROXY'],
      ]),
    );
    expect(told.join('\n')).not.toContain('mappings.b.com');
    expect(told.join('\n')).toContain('→ octoporty.yaml:4: mappings "c d": ');
    expect((await tell({ service: 'agent', environment: AGENT, maps: ['x'] })).text).toContain(
      '→ --map must be NAME=URL',
    );
    const twice = await tell({
      service: 'agent',
      environment: AGENT,
      maps: ['a.com=http://x', 'A.com=http://y'],
    });
    expect(twice.text).toContain('→ --map names a.com twice');
  });

  it.each([
    ['http://joe:top@hunter2@proxy:3128', 'http://proxy:3128'],
    ['http://joe:12/hunter2@proxy:3128', 'http://proxy:3128'],
    ['http://joe:12?hunter2@proxy:3128', 'http://proxy:3128'],
    ['http://joe:hunter 2@proxy:3128', 'http://proxy:3128'],
  ])('shows a proxy without its login, whatever signs that holds: %s', async (url, shown) => {
    const { text } = await tell({ service: 'agent', environment: { ...AGENT, HTTPS_PROXY: url } });
    expect(cells(text.split('\n'))).toContainEqual(['HTTPS_PROXY', shown, 'HTTPS_PROXY']);
    expect(text).not.toMatch(/joe|hunter/);
  });

  it('shows nothing of what should be a URL and is none: it may be a login', async () => {
    const { text } = await tell({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_GATEWAY_URL: 'wss://joe:top/hunter2@tunnel.example.com' },
      maps: ['a.com=http://joe:top/hunter2@x', 'b.com=joe:hunter2@x'],
    });
    expect(text).toMatch(/^gatewayUrl +set \(hidden\) /m);
    expect(text).not.toMatch(/joe|hunter2/);
  });

  it('tells that two mappings are one, beside the second, whatever else is wrong', async () => {
    const told = await lines({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_UI_PORT: 'x' },
      file: 'mappings:\n  a.com: http://x\n  A.com: http://y',
    });
    expect(told[told.findIndex((line) => line.startsWith('mappings.A.com ')) + 1]).toMatch(
      /^ +→ octoporty\.yaml:3: mappings names a\.com twice, first at octoporty\.yaml:2: keep one of them/,
    );
    expect(told.at(-1)).toBe('2 things are wrong.');
  });

  it('shows nothing of what may be a login in a mapping or in a setting', async () => {
    const { text } = await tell({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_UI_HOST: 'joe:hunter2@x' },
      maps: ['http://joe:hun=ter2@h', 'joe:hunter2@x=http://y', 'a.com=http://joe:hun=ter2@h'],
    });
    expect(text).toMatch(/^uiHost +set \(hidden\) /m);
    expect(text).not.toMatch(/joe|hun|ter2/);
  });

  it('notes a variable that is probably misspelt, and finds nothing wrong with that', async () => {
    const environment = { ...AGENT, OCTOPORTY_LISTEN_PRT: 'hunter2' };
    const { text, isGood } = await tell({ service: 'agent', environment });
    expect(text.split('\n')[1]).toBe(
      'Note: OCTOPORTY_LISTEN_PRT is none of our variables and has no effect: did you mean OCTOPORTY_LISTEN_PORT?',
    );
    expect(isGood).toBe(true);
    expect(text).not.toContain('hunter2');
    const json = await tell({ service: 'agent', environment, isJson: true });
    expect(JSON.parse(json.text)).toMatchObject({
      problemCount: 0,
      notes: [expect.stringContaining('OCTOPORTY_LISTEN_PRT')],
    });
  });

  it('tells of "up" what that chooses itself', async () => {
    const { text, isGood } = await tell({ service: 'up', environment: {} });
    expect(isGood).toBe(true);
    expect(cells(text.trim().split('\n'))).toEqual(
      expect.arrayContaining([
        ['authSecret', '(made at the first start)', 'default'],
        ['listenHost', '127.0.0.1', 'default'],
        ['logLevel', 'warn', 'default'],
        ['caddyPort', '8443', 'default'],
      ]),
    );
  });

  it('tells of "up" behind its Caddy which name the gateway has', async () => {
    const { text } = await tell({ service: 'up', environment: {}, hasCaddy: true });
    expect(cells(text.trim().split('\n'))).toContainEqual(['gatewayHost', 'gateway.localhost', 'default']);
  });

  it('tells of "up" that it listens on this machine alone', async () => {
    const { text: told } = await tell({
      service: 'up',
      environment: { OCTOPORTY_UI_HOST: '0.0.0.0' },
      file: 'listenHost: 0.0.0.0',
    });
    expect(told).toContain(
      '→ octoporty.yaml:1: listenHost is 0.0.0.0, but "octoporty up" listens on loopback only',
    );
    expect(told).toContain('→ OCTOPORTY_UI_HOST is 0.0.0.0, but');
  });

  it('tells of the service that is configured here, of "up" when none is', async () => {
    const service = async (environment: Variables) =>
      (await tell({ service: null, environment })).text.split(':')[0];
    expect(await service(AGENT)).toBe('agent');
    expect(await service({ OCTOPORTY_AUTH_SECRET: SECRET })).toBe('gateway');
    expect(await service({})).toBe('up');
    await expect(tell({ service: 'caddy', environment: {} })).rejects.toThrow(
      new ConfigError('config tells of "gateway", "agent" or "up", not "caddy".'),
    );
  });

  it('prints a value on one line, whatever is in it', async () => {
    const { text } = await tell({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_AGENT_NAME: 'a\n\u001b[31mb' },
    });
    expect(text).toContain(String.raw`"a\n\u001b[31mb"`);
  });

  it('tells programs the same as JSON', async () => {
    const { text } = await tell({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_UI_PORT: 'x' },
      isJson: true,
    });
    const row = z.object({
      key: z.string(),
      variable: z.string().nullable(),
      value: z.string().nullable(),
      isSecret: z.boolean(),
      isSet: z.boolean(),
      source: z.string().nullable(),
      problems: z.array(z.string()),
    });
    const report = z.object({
      service: z.literal('agent'),
      problemCount: z.literal(1),
      settings: z.array(row),
    });
    const { settings } = report.parse(JSON.parse(text));
    expect(settings.find(({ key }) => key === 'uiPort')).toEqual({
      key: 'uiPort',
      variable: 'OCTOPORTY_UI_PORT',
      value: 'x',
      isSecret: false,
      isSet: true,
      source: 'OCTOPORTY_UI_PORT',
      problems: ['OCTOPORTY_UI_PORT must be a port from 0 to 65535, not "x".'],
    });
    expect(settings.find(({ key }) => key === 'uiPassword')).toMatchObject({ value: null, isSet: true });
  });

  it('exits 1 when a setting is wrong, and reads the file that is named or lies here', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'octoporty.yml'), 'uiPort: 1\n');
    writeFileSync(join(dir, 'octoporty.yaml'), 'uiPort: 2\n');
    writeFileSync(join(dir, 'own.json'), '{"uiPort": "x"}');
    const ask = (args: readonly string[], env: Variables) =>
      run('services/cli.ts', ['config', 'agent', ...args], { ...AGENT, ...env }, dir).ended;
    const [found, byVariable, byFlag] = await Promise.all([
      ask([], {}),
      ask([], { OCTOPORTY_CONFIG_FILE: 'own.json' }),
      ask(['--config', 'octoporty.yml'], { OCTOPORTY_CONFIG_FILE: 'own.json' }),
    ]);
    expect(found).toMatchObject({ code: 0, stderr: '' });
    expect(found.stdout).toMatch(/^uiPort +2 +octoporty\.yaml:1$/m);
    expect(byVariable).toMatchObject({ code: 1, stderr: '' });
    expect(byVariable.stdout).toMatch(/^uiPort +x +own\.json:1\n +→ own\.json:1: uiPort must be a port/m);
    expect(byFlag.stdout).toMatch(/^uiPort +1 +octoporty\.yml:1$/m);
  });
});

describe('a service', () => {
  it('says at debug level which file it has read, and starts as that says', async () => {
    const dir = tempDir();
    writeFileSync(
      join(dir, 'octoporty.json'),
      '{"listenHost": "127.0.0.1", "listenPort": 0, "logLevel": "debug"}',
    );
    const gateway = run('services/cli.ts', ['gateway'], { OCTOPORTY_AUTH_SECRET: SECRET }, dir);
    await gateway.printed(/"file":"octoporty\.json","msg":"The configuration file was read\."/);
    await gateway.printed(/"host":"127\.0\.0\.1","port":\d+/);
    gateway.kill('SIGTERM');
    expect((await gateway.ended).code).toBe(0);
  });

  it.each(['gateway', 'agent'])('warns of a variable that is probably misspelt: %s', async (service) => {
    const environment = {
      ...AGENT,
      OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1:1',
      OCTOPORTY_LISTEN_PORT: '0',
      OCTOPORTY_UI_PORT: '0',
      OCTOPORTY_DATA_DIR: tempDir(),
      OCTOPORTY_LOG_LEVL: 'debug',
    };
    const started = run('services/cli.ts', [service], environment);
    await started.printed(
      /"level":"warn",[^\n]*"variable":"OCTOPORTY_LOG_LEVL","meant":"OCTOPORTY_LOG_LEVEL","msg":"OCTOPORTY_LOG_LEVL is none/,
    );
    await started.printed(/"port":\d+/);
    started.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
  });

  it('starts with no file that is wrong, and says where', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'octoporty.yaml'), '\nlistenPorts: 1');
    const { code, stderr } = await run('services/cli.ts', ['gateway'], { OCTOPORTY_AUTH_SECRET: SECRET }, dir)
      .ended;
    expect([code, stderr]).toEqual([
      1,
      'octoporty.yaml:2: there is no setting "listenPorts": did you mean "listenPort"?\n',
    ]);
  });
});

interface Told {
  readonly service: string | null;
  readonly flags?: Variables;
  readonly environment: Variables;
  /** The text of octoporty.yaml. */
  readonly file?: string;
  readonly maps?: readonly string[];
  readonly hasCaddy?: boolean;
  readonly isJson?: boolean;
}

function tell({ service, flags = {}, environment, file, maps = [], hasCaddy = false, isJson = false }: Told) {
  const read = file === undefined ? null : parseConfigText('octoporty.yaml', file, 0o600);
  const sources = { flags, environment, file: read };
  const databaseRule = () => Promise.resolve(storePlaceOf);
  return tellConfig({ service, sources, maps, hasCaddy, isJson, databaseRule });
}

async function lines(told: Told): Promise<string[]> {
  return (await tell(told)).text.trimEnd().split('\n');
}

/** The cells of the lines that tell of a setting. */
function cells(told: readonly string[]): string[][] {
  return told.map((line) => line.split(/ {2,}/));
}
