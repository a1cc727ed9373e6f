// Owns the tests of `octoporty service`: what it writes, orders and says, on a folder that stands for a system.

import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseEnvText } from '../../services/serviceUnits/envText.ts';
import { status } from '../../services/serviceUnits/status.ts';
import { uninstall } from '../../services/serviceUnits/uninstall.ts';
import { isSeenByServices, mayBeRun, unitTextOf } from '../../services/serviceUnits/unitText.ts';
import { PROGRAM, Stage } from './serviceStage.ts';
import { run, tempDir, type Ended } from './spawned.ts';

const SECRET = 's'.repeat(40);
const AGENT = {
  OCTOPORTY_AUTH_SECRET: SECRET,
  OCTOPORTY_GATEWAY_URL: 'wss://tunnel.example.com',
  OCTOPORTY_UI_PASSWORD: 'correct horse',
};

describe('installing a gateway', () => {
  test('makes a secret, its settings and its unit, starts it, waits for its health and says what is next', async () => {
    const stage = new Stage();
    const port = await freePort();
    const flags = { OCTOPORTY_LISTEN_PORT: port, OCTOPORTY_GATEWAY_HOST: 'tunnel.example.com' };
    await stage.install('gateway', { flags });

    expect(stage.text('etc/octoporty/auth-secret')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(stage.text('etc/octoporty/gateway.env').split('\n').slice(1)).toEqual([
      `OCTOPORTY_LISTEN_PORT=${port}`,
      'OCTOPORTY_GATEWAY_HOST=tunnel.example.com',
      '',
    ]);
    expect(stage.text('etc/systemd/system/octoporty-gateway.service')).toContain(
      '\nExecStart=/usr/bin/node --flag=2 /opt/octoporty/services/cli.js gateway\n',
    );
    expect(modesOf(stage)).toEqual([0o600, 0o600, 0o644]);
    expect(stage.orders).toEqual(['daemon-reload', 'enable --now octoporty-gateway']);
    const said = stage.said();
    expect(said).toContain(`The gateway on port ${port} is healthy.`);
    expect(said).toContain('  octoporty service install agent --gateway-url wss://tunnel.example.com');
  });

  test('changes nothing a second time, and says so', async () => {
    const stage = new Stage();
    const flags = { OCTOPORTY_LISTEN_PORT: await freePort() };
    await stage.install('gateway', { flags });
    const secret = stage.text('etc/octoporty/auth-secret');
    stage.said();
    stage.orders.length = 0;
    await stage.install('gateway');
    expect(stage.said().filter((line) => line.startsWith('unchanged'))).toHaveLength(4);
    expect(stage.text('etc/octoporty/auth-secret')).toBe(secret);
    expect(stage.orders).toEqual(['enable --now octoporty-gateway']);
  });

  test('says which setting has changed from what, keeps the others, and starts it anew', async () => {
    const stage = new Stage();
    await stage.install('gateway', {
      flags: { OCTOPORTY_LISTEN_PORT: await freePort(), OCTOPORTY_STATUS_TOKEN: 'old' },
    });
    stage.said();
    stage.orders.length = 0;
    await stage.install('gateway', { flags: { OCTOPORTY_ROUTE_LEASE: '2h', OCTOPORTY_STATUS_TOKEN: 'new' } });
    await stage.install('gateway', { flags: { OCTOPORTY_ROUTE_LEASE: '3h' } });
    const changed = stage.said().filter((line) => line.startsWith('changed'));
    expect(changed.map((line) => line.replace(stage.root, ''))).toEqual([
      'changed   /etc/octoporty/gateway.env: OCTOPORTY_STATUS_TOKEN, OCTOPORTY_ROUTE_LEASE 2h',
      'changed   /etc/octoporty/gateway.env: OCTOPORTY_ROUTE_LEASE 2h → 3h',
    ]);
    expect(stage.text('etc/octoporty/gateway.env')).toContain('OCTOPORTY_STATUS_TOKEN=new\n');
    expect(stage.orders.filter((order) => order === 'restart octoporty-gateway')).toHaveLength(2);
  });

  test('a second time leaves a secret in the file that its settings name', async () => {
    const stage = new Stage(false);
    const token = join(tempDir(), 'token');
    writeFileSync(token, 'hush\n');
    const path = join(stage.root, 'etc/octoporty/gateway.env');
    await stage.install('gateway');
    writeFileSync(path, `OCTOPORTY_STATUS_TOKEN_FILE=${token}\n`);
    await stage.install('gateway', { flags: { OCTOPORTY_ROUTE_LEASE: '2h' } });
    expect(stage.text('etc/octoporty/gateway.env')).toBe(
      `OCTOPORTY_STATUS_TOKEN_FILE=${token}\nOCTOPORTY_ROUTE_LEASE=2h\n`,
    );
  });

  test('replaces the file of a secret by the secret that is given, as only one of them may be set', async () => {
    const stage = new Stage(false);
    const token = join(tempDir(), 'token');
    writeFileSync(token, 'old\n');
    const path = join(stage.root, 'etc/octoporty/gateway.env');
    await stage.install('gateway');
    writeFileSync(path, `OCTOPORTY_STATUS_TOKEN_FILE=${token}\n`);
    await stage.install('gateway', { environment: { OCTOPORTY_STATUS_TOKEN: 'new' } });
    expect(stage.text('etc/octoporty/gateway.env')).toBe('OCTOPORTY_STATUS_TOKEN=new\n');
  });

  test('keeps the shared secret in a file of one’s own, until another one is given', async () => {
    const stage = new Stage(false);
    const file = join(tempDir(), 'secret');
    writeFileSync(file, `${SECRET}\n`);
    const path = join(stage.root, 'etc/octoporty/gateway.env');
    await stage.install('gateway');
    writeFileSync(path, `OCTOPORTY_AUTH_SECRET_FILE=${file}\n`);
    await stage.install('gateway');
    expect(stage.text('etc/octoporty/gateway.env')).toBe(`OCTOPORTY_AUTH_SECRET_FILE=${file}\n`);
    expect(stage.text('etc/octoporty/auth-secret')).toBe(`${SECRET}\n`);
    const other = 'o'.repeat(40);
    await stage.install('gateway', { environment: { OCTOPORTY_AUTH_SECRET: other } });
    expect(stage.text('etc/octoporty/gateway.env')).not.toContain('OCTOPORTY_AUTH_SECRET');
    expect(stage.text('etc/octoporty/auth-secret')).toBe(`${other}\n`);
  });

  test('listens on loopback behind a Caddy of the same machine, unless told otherwise', async () => {
    const stage = new Stage(false);
    const caddy = {
      OCTOPORTY_GATEWAY_HOST: 't.example.com',
      OCTOPORTY_CADDY_ADMIN_URL: 'http://localhost:2019',
    };
    await stage.install('gateway', { flags: caddy });
    expect(stage.text('etc/octoporty/gateway.env')).toContain('OCTOPORTY_LISTEN_HOST=127.0.0.1\n');
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_HOST: '0.0.0.0' } });
    expect(stage.text('etc/octoporty/gateway.env')).toContain('OCTOPORTY_LISTEN_HOST=0.0.0.0\n');
  });

  test('takes flags over the environment, and that over a file, with secrets as files', async () => {
    const stage = new Stage(false);
    const folder = tempDir();
    const file = join(folder, 'settings');
    const token = join(folder, 'token');
    writeFileSync(token, 'hush\n');
    writeFileSync(
      file,
      'OCTOPORTY_HEAD_TIMEOUT=1s\nOCTOPORTY_ROUTE_LEASE=1h\nOCTOPORTY_LISTEN_PORT=1\nOCTOPORTY_UI_PORT=9\n',
    );
    const environment = {
      OCTOPORTY_ROUTE_LEASE: '2h',
      OCTOPORTY_LISTEN_PORT: '2',
      OCTOPORTY_STATUS_TOKEN_FILE: token,
      OCTOPORTY_AUTH_SECRET: SECRET,
    };
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: '3' }, environment, file });
    expect(stage.text('etc/octoporty/gateway.env').split('\n').slice(1, -1).sort()).toEqual([
      'OCTOPORTY_HEAD_TIMEOUT=1s',
      'OCTOPORTY_LISTEN_PORT=3',
      'OCTOPORTY_ROUTE_LEASE=2h',
      'OCTOPORTY_STATUS_TOKEN=hush',
    ]);
    expect(stage.text('etc/octoporty/auth-secret')).toBe(`${SECRET}\n`);
  });

  test.each([
    [{ OCTOPORTY_LISTEN_PORT: 'x' }, '--listen-port must be a port from 0 to 65535, not "x".'],
    [{ OCTOPORTY_AUTH_SECRET: 'short' }, 'has 5 bytes'],
    [{ OCTOPORTY_CADDY_ADMIN_URL: 'http://localhost:2019' }, 'OCTOPORTY_GATEWAY_HOST is not set'],
    [{ OCTOPORTY_STATUS_TOKEN: 'a\nb' }, 'one line'],
  ])('writes nothing with %j', async (flags, words) => {
    const stage = new Stage();
    await expect(stage.install('gateway', { flags })).rejects.toThrow(words);
    expect([stage.has('etc'), stage.orders]).toEqual([false, []]);
  });

  test('names an unknown setting of a file by its line, and what may be meant', async () => {
    const stage = new Stage();
    const file = join(tempDir(), 'settings');
    writeFileSync(file, '# mine\nOCTOPORTY_LISTEN_PROT=1\n');
    await expect(stage.install('gateway', { file })).rejects.toThrow(
      `${file}:2: there is no setting OCTOPORTY_LISTEN_PROT; the nearest is OCTOPORTY_LISTEN_PORT.`,
    );
  });

  test.each([
    ['a folder', (folder: string) => folder, 'is a folder, and no file of NAME=value lines.'],
    ['not there', (folder: string) => join(folder, 'nope'), 'there is no file '],
    ['a device', () => '/dev/null', '/dev/null is no file of NAME=value lines.'],
    ['below a file', (folder: string) => join(folder, 'settings', 'x'), 'x (ENOTDIR).'],
    ['nothing', () => '', '--settings: name a file.'],
  ])('refuses a file of settings that is %s in one line, and changes nothing', async (_kind, path, words) => {
    const stage = new Stage();
    const folder = tempDir();
    writeFileSync(join(folder, 'settings'), '');
    const refused = stage.install('gateway', { file: path(folder) });
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(/^--settings: .*\.$/);
    expect(stage.has('etc')).toBe(false);
  });

  test('refuses a file that could not be settings by its size', async () => {
    const file = join(tempDir(), 'settings');
    writeFileSync(file, '#'.repeat(2 * 1024 * 1024));
    await expect(new Stage().install('gateway', { file })).rejects.toThrow(
      'is larger than all settings together could be',
    );
  });

  test('names a line of a file that is none, and a name that is like no other', async () => {
    const stage = new Stage();
    const file = join(tempDir(), 'settings');
    writeFileSync(file, 'OCTOPORTY_LISTEN_PORT 5000\n');
    await expect(stage.install('gateway', { file })).rejects.toThrow(`${file}:1: must be NAME=value`);
    writeFileSync(file, '_=1\n');
    await expect(stage.install('gateway', { file })).rejects.toThrow(`${file}:1: there is no setting _.`);
  });

  test('reads a file that begins with a mark which nobody sees', async () => {
    const stage = new Stage(false);
    const file = join(tempDir(), 'settings');
    writeFileSync(file, '\uFEFFOCTOPORTY_ROUTE_LEASE=2h\r\n');
    await stage.install('gateway', { file });
    expect(stage.text('etc/octoporty/gateway.env')).toContain('\nOCTOPORTY_ROUTE_LEASE=2h\n');
  });

  test('says which of its own files is a folder', async () => {
    const stage = new Stage();
    mkdirSync(join(stage.root, 'etc/octoporty/gateway.env'), { recursive: true });
    await expect(stage.install('gateway')).rejects.toThrow(
      /gateway\.env is a folder where a file belongs: move it away\.$/,
    );
  });

  test('changes nothing where another program has the port', async () => {
    const stage = new Stage();
    const port = await takenPort();
    await expect(stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: port } })).rejects.toThrow(
      `Port ${port} is taken: stop what uses it, or choose another with OCTOPORTY_LISTEN_PORT.`,
    );
    expect(stage.has('etc')).toBe(false);
  });

  test('says where to look when it does not become healthy', async () => {
    const stage = new Stage();
    stage.areServicesWell = false;
    await expect(
      stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } }),
    ).rejects.toThrow(
      /is not healthy \(status 503\)\. See why: journalctl --unit octoporty-gateway --lines 30$/,
    );
  });

  test('only says what it would do on a dry run, and shows no secret', async () => {
    const stage = new Stage();
    const flags = { OCTOPORTY_LISTEN_PORT: await freePort(), OCTOPORTY_STATUS_TOKEN: 'hush' };
    await stage.install('gateway', { flags }, true);
    expect([stage.has('etc'), stage.orders]).toEqual([false, []]);
    const said = stage.said();
    expect(said.map((line) => line.split(/ {2,}| (?=\/)/)[0])).toEqual([
      'would be made',
      'would be made',
      'would be made',
      'would be started',
    ]);
    expect(said.join()).not.toContain('hush');
  });

  test('makes the folders of a system for everybody, and its own for root alone', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    const folders = ['etc', 'etc/systemd', 'etc/systemd/system', 'etc/octoporty'];
    const modes = folders.map((path) => statSync(join(stage.root, path)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o755, 0o755, 0o700]);
  });

  test('is enabled only, in a folder where systemd does not run', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    expect(stage.orders).toEqual(['--root=ROOT enable octoporty-gateway']);
  });
});

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

describe('uninstalling', () => {
  test('stops the service and keeps what it knows, which it says', async () => {
    const stage = new Stage();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    stage.said();
    stage.orders.length = 0;
    await uninstall('gateway', stage.setUp(), false);
    expect(stage.orders).toEqual([
      'disable --now octoporty-gateway',
      'daemon-reload',
      'reset-failed octoporty-gateway',
    ]);
    expect(stage.has('etc/systemd/system/octoporty-gateway.service')).toBe(false);
    expect(stage.has('etc/octoporty/gateway.env')).toBe(true);
    expect(stage.said().at(-1)).toMatch(/^Kept: .*gateway\.env, .*auth-secret\. With --purge they go too\.$/);
    await uninstall('gateway', stage.setUp(), false);
    expect(stage.said()[0]).toBe('octoporty-gateway is not installed.');
  });

  test('takes away what is left of a service that somebody has removed by half', async () => {
    const stage = new Stage();
    const link = 'etc/systemd/system/multi-user.target.wants/octoporty-gateway.service';
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    mkdirSync(join(stage.root, link, '..'));
    symlinkSync('../octoporty-gateway.service', join(stage.root, link));
    rmSync(join(stage.root, 'etc/systemd/system/octoporty-gateway.service'));
    stage.orders.length = 0;
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.orders).toEqual([
      'stop octoporty-gateway',
      'daemon-reload',
      'reset-failed octoporty-gateway',
    ]);
    expect(readdirSync(join(stage.root, 'etc/systemd/system/multi-user.target.wants'))).toEqual([]);
    stage.said();
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.said()).toEqual(['octoporty-gateway is not installed.']);
  });

  test('stops what runs without any unit', async () => {
    const stage = new Stage();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    rmSync(join(stage.root, 'etc/systemd/system/octoporty-gateway.service'));
    await uninstall('gateway', stage.setUp(), false);
    expect(stage.orders).toContain('stop octoporty-gateway');
  });

  test('in a folder that stands for a system stops nothing, and says which folder it was', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    stage.said();
    stage.orders.length = 0;
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.orders).toEqual(['--root=ROOT disable octoporty-gateway']);
    expect(stage.said()[0]).toBe(`disabled  octoporty-gateway in ${stage.root}`);
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.said().at(-1)).toBe(`octoporty-gateway is not installed in ${stage.root}.`);
  });

  test('with --purge takes settings and data away, and the secret with the last service', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    await stage.install('agent', { environment: { ...AGENT, OCTOPORTY_AUTH_SECRET: undefined } });
    mkdirSync(join(stage.root, 'var/lib/private/octoporty-agent'), { recursive: true });
    await uninstall('agent', stage.setUp(), true);
    expect(stage.has('var/lib/private/octoporty-agent')).toBe(false);
    expect(stage.has('etc/octoporty/agent.env')).toBe(false);
    expect(stage.has('etc/octoporty/auth-secret')).toBe(true);
    await uninstall('gateway', stage.setUp(), true);
    expect(stage.has('etc/octoporty')).toBe(false);
  });
});

describe('the status', () => {
  test('is one line for each service, and well when all are', async () => {
    const stage = new Stage();
    expect(await status(stage.setUp())).toBe(false);
    expect(stage.said()[0]).toMatch(/^No service is installed here/);
    const port = await freePort();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: port } });
    stage.said();
    expect(await status(stage.setUp())).toBe(true);
    expect(stage.said()).toEqual([`gateway  active, enabled. The gateway on port ${port} is healthy.`]);
    stage.areServicesWell = false;
    expect(await status(stage.setUp())).toBe(false);
  });

  test('is unknown where no systemctl answers, and quotes nothing as a state', async () => {
    const stage = new Stage();
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await freePort() } });
    stage.said();
    const missing = async () => ({ code: 127, output: 'spawn systemctl ENOENT' });
    expect(await status({ ...stage.setUp(), systemctl: missing })).toBe(false);
    expect(stage.said()[0]).toMatch(/^gateway {2}unknown, unknown\. /);
  });
});

describe('the status of a folder that stands for a system', () => {
  test('is what its files say: no port and no systemd of this machine is asked', async () => {
    const stage = new Stage(false);
    await stage.install('gateway', { flags: { OCTOPORTY_LISTEN_PORT: await takenPort() } });
    stage.said();
    const neverAsked = () => Promise.reject(new Error('systemctl was asked'));
    const lookOnly = { ...stage.setUp(), systemctl: neverAsked };
    expect(await status(lookOnly)).toBe(false);
    const wants = join(stage.root, 'etc/systemd/system/multi-user.target.wants');
    mkdirSync(wants);
    symlinkSync('../octoporty-gateway.service', join(wants, 'octoporty-gateway.service'));
    expect(await status(lookOnly)).toBe(false);
    const rest = 'Whether it runs and is well, only that system can say.';
    expect(stage.said()).toEqual([
      `gateway  installed in ${stage.root}, disabled. ${rest}`,
      `gateway  installed in ${stage.root}, enabled. ${rest}`,
    ]);
  });

  test('names the folder where nothing is installed', async () => {
    const stage = new Stage(false);
    expect(await status(stage.setUp())).toBe(false);
    expect(stage.said()).toEqual([
      `No service is installed in ${stage.root}: "octoporty service install gateway --root ${stage.root}", or "agent".`,
    ]);
  });
});

describe.skipIf(process.getuid?.() !== 0)('without the rights of root', () => {
  test('a service that nobody can ask is not called well', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    chmodSync(stage.root, 0o755);
    const bin = tempDir();
    chmodSync(bin, 0o755);
    writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\necho active\n');
    chmodSync(join(bin, 'systemctl'), 0o755);
    const { code, stdout, stderr } = await asNobody(
      [stage.root],
      bin,
      'test/services/serviceStatus.fixture.ts',
    );
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toBe(
      'gateway  active, active. Its port is for root to read: with "sudo" it is asked how it is.\n',
    );
  });

  test.each([['install'], ['uninstall']])('a dry run of %s says what it may not read', async (verb) => {
    const stage = new Stage(false);
    await stage.install('gateway');
    chmodSync(stage.root, 0o755);
    const dry = ['service', verb, 'gateway', '--dry-run', '--root', stage.root];
    const { code, stdout, stderr } = await asNobody(dry);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`Only root may read ${stage.root}/etc/octoporty: run the same with "sudo".\n`);
    chmodSync(join(stage.root, 'etc/octoporty'), 0o755);
    if (verb === 'install')
      expect((await asNobody(dry)).stderr).toMatch(/^Only root may read \S+: run the same with "sudo".\n$/);
  });
});

describe('the unit', () => {
  test('names paths as systemd reads them', () => {
    const program = { node: '/opt/my node/node', options: [], script: '/opt/100%/$x/"a"/cli.js' };
    const line = /^ExecStart=.*$/m.exec(unitTextOf('agent', program))?.[0];
    expect(line).toBe(String.raw`ExecStart="/opt/my node/node" "/opt/100%%/$$x/\"a\"/cli.js" agent`);
  });

  test('is one of deploy/systemd, all but its command line', () => {
    for (const service of ['gateway', 'agent'] as const) {
      const kept = readFileSync(
        new URL(`../../deploy/systemd/octoporty-${service}.service`, import.meta.url),
        'utf8',
      ).split('\n');
      const written = unitTextOf(service, PROGRAM).split('\n');
      expect(kept.filter((line) => !written.includes(line))).toEqual([
        `ExecStart=/usr/bin/env octoporty ${service}`,
      ]);
    }
  });

  test('is refused for a program that a service may not read', () => {
    const folder = tempDir();
    const script = join(folder, 'cli.js');
    writeFileSync(script, '');
    expect(() => mayBeRun({ ...PROGRAM, node: '/bin/sh', script })).toThrow(
      /^A service may not read \S+cli\.js: install with "npm install --prefix \/opt\/octoporty octoporty"/,
    );
    expect(() => mayBeRun({ ...PROGRAM, node: script, script: '/bin/sh' })).toThrow(
      /install Node for everybody/,
    );
    expect(isSeenByServices('/bin/sh')).toBe(true);
  });
});

describe('the command', () => {
  test('orders the systemctl of the PATH', async () => {
    const folder = tempDir();
    const root = tempDir();
    writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$@" >>${join(folder, 'orders')}\n`);
    chmodSync(join(folder, 'systemctl'), 0o755);
    const env = { PATH: `${folder}:${process.env.PATH ?? ''}` };
    const args = ['service', 'install', 'gateway', '--root', root, '--listen-port', '5999'];
    const { code, stdout, stderr } = await run('services/cli.ts', args, env).ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`made      ${root}/etc/octoporty/gateway.env: OCTOPORTY_LISTEN_PORT 5999\n`);
    expect(readFileSync(join(folder, 'orders'), 'utf8')).toBe(
      `--no-pager --root=${root} enable octoporty-gateway\n`,
    );
  });

  test.each([
    [
      ['install', 'agent', '--gateway-host', 'x.example.com'],
      '--gateway-host is a setting of the gateway: the agent has no such.',
    ],
    [
      ['install', 'gateway', '--ui-port', '1'],
      '--ui-port is a setting of the agent: the gateway has no such.',
    ],
    [['install', 'gateway', '--gateway-host', ''], '--gateway-host needs a value.'],
    [['install', 'gateway', '--settings', '/nope', '--root', '/tmp'], '--settings: there is no file /nope.'],
    [
      ['install', 'gateway', '--settings', 'a', '--settings', 'b'],
      '--settings is given twice: give it once.',
    ],
    [
      ['install', 'gateway', '--env-file', fileURLToPath(import.meta.url)],
      '--env-file is a flag of Node itself: give the file by --settings.',
    ],
    [['uninstall', 'gateway', '--root', ''], '--root needs a folder, such as /mnt/image.'],
    [['status', '--root', '/dev/null'], '--root: there is no folder /dev/null.'],
  ])('refuses %j in one plain line', async (args, words) => {
    const { code, stdout, stderr } = await run('services/cli.ts', ['service', ...args]).ended;
    expect([code, stdout, stderr]).toEqual([1, '', `${words}\n`]);
  });

  test('refuses an unknown service in one plain line', async () => {
    const { code, stdout, stderr } = await run('services/cli.ts', ['service', 'install', 'caddy']).ended;
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      'There is a service "gateway" and a service "agent", no "caddy".\n',
    ]);
  });
});

/** The command line as a user without rights runs it, who may read the repository. */
function asNobody(args: readonly string[], bin = '/bin', script = 'services/cli.ts'): Promise<Ended> {
  const env = { PATH: `${bin}:${process.env.PATH ?? ''}` };
  const drop = 'data:text/javascript,process.setgroups([]);process.setgid(65534);process.setuid(65534);';
  return run(script, args, { ...env, NODE_OPTIONS: `--import=${drop}` }, '/').ended;
}

function modesOf(stage: Stage): number[] {
  const paths = [
    'etc/octoporty/auth-secret',
    'etc/octoporty/gateway.env',
    'etc/systemd/system/octoporty-gateway.service',
  ];
  return paths.map((path) => statSync(join(stage.root, path)).mode & 0o777);
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

async function takenPort(): Promise<string> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return String(address.port);
}
