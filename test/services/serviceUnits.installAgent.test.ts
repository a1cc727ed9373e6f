// Owns the tests of `octoporty service install agent`: its secrets, its database, its paths and its proxy.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEnvText } from '../../services/serviceUnits/envText.ts';
import { AGENT, freePort, SECRET, Stage } from './serviceStage.ts';
import { tempDir } from './spawned.ts';

describe('installing an agent', () => {
  test('asks for the secret and a password, and keeps both for root', async () => {
    const stage = new Stage(false);
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return questions.length === 1 ? SECRET : 'chosen';
    };
    await stage.install('agent', { flags: { OCTOPORTY_GATEWAY_URL: 'wss://tunnel.example.com' }, ask });
    expect(questions.map((question) => question.split(' (')[0])).toEqual([
      'The secret of the gateway',
      'A password for the dashboard',
    ]);
    expect(stage.text('etc/octoporty/auth-secret')).toBe(`${SECRET}\n`);
    expect(stage.text('etc/octoporty/agent.env')).toContain('OCTOPORTY_UI_PASSWORD=chosen\n');
  });

  test('without a terminal wants the secret named, and makes a password up that it tells once', async () => {
    const stage = new Stage();
    const flags = { OCTOPORTY_GATEWAY_URL: 'wss://t.example.com', OCTOPORTY_UI_PORT: await freePort() };
    await expect(stage.install('agent', { flags })).rejects.toThrow('OCTOPORTY_AUTH_SECRET is not set');
    await stage.install('agent', { flags, environment: { OCTOPORTY_AUTH_SECRET: SECRET } });
    const password =
      /^OCTOPORTY_UI_PASSWORD=(.{16})$/m.exec(stage.text('etc/octoporty/agent.env'))?.[1] ?? '';
    expect(stage.said().join()).toContain(`login admin, password ${password} `);
    await stage.install('agent');
    expect(stage.said().join()).not.toContain(password);
  });

  test('takes the secret of the gateway beside it', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    const secret = stage.text('etc/octoporty/auth-secret');
    await stage.install('agent', { environment: { ...AGENT, OCTOPORTY_AUTH_SECRET: undefined } });
    expect(stage.text('etc/octoporty/auth-secret')).toBe(secret);
  });

  test.each(['sqlite:./mine.sqlite', 'sqlite:mine.sqlite', 'sqlite://mine.sqlite'])(
    'refuses the database %s, which would be another file once the service runs',
    async (text) => {
      const stage = new Stage(false);
      const environment = { ...AGENT, OCTOPORTY_CONNECTION_STRING: text };
      await expect(stage.install('agent', { environment })).rejects.toThrow(
        'OCTOPORTY_CONNECTION_STRING must name its file by the whole path',
      );
      expect(stage.has('etc')).toBe(false);
    },
  );

  test('refuses a database that the agent would refuse, by the line of the file that names it', async () => {
    const stage = new Stage(false);
    const file = join(tempDir(), 'settings');
    writeFileSync(file, '\nOCTOPORTY_CONNECTION_STRING=postgres://joe:hunter2@db/x\n');
    const refused = stage.install('agent', { environment: AGENT, file });
    await expect(refused).rejects.toThrow(`${file}:2: connectionString must be sqlite:<path to a file>`);
    await expect(refused).rejects.not.toThrow('hunter2');
    expect(stage.has('etc')).toBe(false);
  });

  test('keeps its data where the unit says, and paths whole', async () => {
    const stage = new Stage(false);
    const folder = tempDir();
    writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
    const environment = { ...AGENT, OCTOPORTY_DATA_DIR: '/elsewhere', OCTOPORTY_CADDY_LOG: 'x' };
    await stage.install('agent', { environment });
    expect(stage.text('etc/octoporty/agent.env')).not.toMatch(/DATA_DIR|CADDY_LOG/);
    await stage.install('gateway', { environment: { OCTOPORTY_CADDY_LOG: 'caddy.log' } });
    expect(stage.text('etc/octoporty/gateway.env')).toContain(
      `OCTOPORTY_CADDY_LOG=${join(process.cwd(), 'caddy.log')}\n`,
    );
  });
});

describe('installing an agent behind a proxy', () => {
  const PROXY = 'http://joe:top@hunter2@proxy.example.com:3128';

  test('keeps the proxy of the environment and what goes without it, and shows no login', async () => {
    const stage = new Stage(false);
    const environment = { ...AGENT, https_proxy: PROXY, NO_PROXY: 'home.example,10.0.0.0/8' };
    await stage.install('agent', { environment });
    await stage.install('agent');
    expect(parseEnvText('x', stage.text('etc/octoporty/agent.env')).get('HTTPS_PROXY')?.text).toBe(PROXY);
    const said = stage.said().join();
    expect(said).toContain('HTTPS_PROXY http://proxy.example.com:3128, NO_PROXY home.example,10.0.0.0/8');
    expect(said).not.toMatch(/joe|hunter2/);
  });

  test('takes it from a file of settings, and the environment’s in its stead', async () => {
    const stage = new Stage(false);
    const file = join(tempDir(), 'settings');
    writeFileSync(file, 'https_proxy=http://old:1\nALL_PROXY=http://all:2\n');
    await stage.install('agent', { environment: AGENT, file });
    const path = join(stage.root, 'etc/octoporty/agent.env');
    writeFileSync(path, stage.text('etc/octoporty/agent.env').replace('HTTPS_PROXY', 'https_proxy'));
    await stage.install('agent', { environment: { HTTPS_PROXY: 'http://new:3' } });
    const lines = stage.text('etc/octoporty/agent.env').split('\n');
    expect(lines.filter((line) => /proxy/i.test(line)).toSorted()).toEqual([
      'ALL_PROXY=http://all:2',
      'HTTPS_PROXY=http://new:3',
    ]);
  });

  test('refuses one that the agent cannot go through, and writes nothing', async () => {
    const stage = new Stage(false);
    const environment = { ...AGENT, HTTPS_PROXY: 'socks5://joe:hunter2@proxy' };
    const refused = stage.install('agent', { environment });
    await expect(refused).rejects.toThrow(
      'HTTPS_PROXY must name an HTTP proxy, such as http://proxy.example.com:3128, not "socks5://proxy"',
    );
    expect(stage.has('etc')).toBe(false);
  });

  test('leaves the gateway without it, as that dials nobody', async () => {
    const stage = new Stage(false);
    await stage.install('gateway', { environment: { HTTPS_PROXY: PROXY } });
    expect(stage.text('etc/octoporty/gateway.env')).not.toContain('PROXY');
  });
});
