// Owns the tests of `octoporty config`: each setting with its value and who has set it, for people and for programs.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, type Variables } from '../../services/config/variables.ts';
import { cells, lines, tell } from './configReportStage.ts';
import { AGENT, SECRET } from './configStage.ts';
import { run, tempDir } from './spawned.ts';

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
