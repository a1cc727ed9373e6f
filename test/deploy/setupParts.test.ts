// What setup.sh asks, refuses, shows and leaves, in namespaces of mounts and network: the machine that runs the tests stays as it is.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { testIf } from '../support/programs.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const STAND_INS = fileURLToPath(new URL('setup', import.meta.url));

/** What setup.sh would change outside of its clone: each is an empty folder while a test runs. */
const ITS_PLACES = ['/opt', '/usr/local/bin', '/etc/systemd', '/etc/sysctl.d', '/run'];

/** Without a network: who has the ports of the web on this machine does not matter. */
const UNSHARE = ['--mount', '--net', '--propagation', 'private'];

const test = testIf(
  spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', '/opt']).status === 0,
  'setup.sh is tried out in namespaces of mounts and network: run these tests as root on Linux.',
);

test.each([
  ['203.0.113.7', 'that is an address'],
  ['2001:db8::7', 'that is an address'],
  ['a.1234', 'its last part is a number'],
  ['tunnel.0x1f', 'its last part is a number'],
  [`${'a'.repeat(64)}.example.com`, 'at most 63 characters'],
  [`${'abcdefgh.'.repeat(28)}com`, 'at most 63 characters'],
  ['tunnel', 'it is one word only'],
  ['*.example.com', 'without "*"'],
  ['https://tunnel.example.com', 'give the name alone'],
  ['tunnel.example.com:443', 'give the name alone'],
  ['bücher.example.com', 'beginning with "xn--"'],
  ['-a.example.com', 'it should be like'],
  ['a_b.example.com', 'it should be like'],
  ['a..example.com', 'it should be like'],
])('the name %s is refused in one line, before anything is looked at', (name, why) => {
  const { status, stdout, stderr } = said(['--name', name]);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^setup\.sh: "[^\n]*" is no public name for the gateway: [^\n]*\.\n$/);
  expect(stderr).toContain(why);
});

test.each([
  ['--nope', 'Unknown option "--nope".'],
  ['--package=/nope', '--package: there is no file /nope.'],
  ['--package=/tmp', '--package: there is no file /tmp.'],
  ['--purge', '--purge goes with --uninstall.'],
  ['--docker --version 1.0.0', '--version is for services'],
])('%s is refused in one line', (args, words) => {
  const { status, stdout, stderr } = said(args.split(' '));
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^setup\.sh: [^\n]*\.\n$/);
  expect(stderr).toContain(words);
});

test('its help names each option that it takes, and so it does when a plain sh runs it', () => {
  const script = readFileSync(join(DEPLOY, 'setup.sh'), 'utf8');
  const parser = /^parse\(\) \{\n.*?^\}$/ms.exec(script)?.[0] ?? '';
  const taken = [...parser.matchAll(/^ {6}(--[a-z-]+)(?: \| -h)?\) /gm)].map(([, option]) => option);
  expect(taken).toContain('--systemd');
  const { status, stdout } = spawnSync('sh', [join(DEPLOY, 'setup.sh'), '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  const named = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
  expect(named.toSorted()).toEqual(taken.toSorted());
});

test('anybody may ask what it would do, and hears what only root may see', () => {
  const said = inClone(`
    chmod 755 .
    nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
    mkdir secrets && echo CONTAINER_USER=1000 >.env && chmod 600 .env
    $nobody ./setup.sh --name localhost.localdomain --dry-run --docker
    $nobody ./setup.sh --name localhost.localdomain --dry-run --uninstall
    ! $nobody ./setup.sh --name localhost.localdomain 2>&1`);
  expect(said).toMatch(/^note +Only root may look at \S+\/\.env/m);
  expect(said).toMatch(/^would +write \S+\/\.env$/m);
  expect(said).not.toContain('/tmp/tmp.');
  expect(said.match(/^Nothing was done: /gm)).toHaveLength(2);
  expect(said).toMatch(/^setup\.sh: Run it as root: sudo /m);
});

test('a gateway that has lost its unit and its program is ended all the same', () => {
  const system = '/etc/systemd/system';
  const said = inClone(`
    sleep 600 & process=$!
    mkdir -p /run/stand-in ${system}/multi-user.target.wants
    echo $process >/run/stand-in/octoporty-gateway.pid
    ln -s ../octoporty-gateway.service ${system}/multi-user.target.wants/
    ln -s /opt/octoporty/node_modules/.bin/octoporty /usr/local/bin/octoporty
    ./setup.sh --uninstall --yes
    ! kill -0 $process 2>/dev/null || ps -o state= $process
    find ${system} /usr/local/bin -type l
    ./setup.sh --uninstall --yes`);
  expect(said.match(/^done +.*$/gm)).toEqual([
    'done     stop octoporty-gateway',
    `done     remove ${system}/multi-user.target.wants/octoporty-gateway.service`,
    'done     remove /usr/local/bin/octoporty',
  ]);
  expect(said).not.toMatch(/^(?:S|\/)/m);
  expect(said).toMatch(/^The gateway is gone\.$/m);
  expect(said).toMatch(/^Nothing had to be changed\.$/m);
});

test('a port of the web that another program has is told before anything is changed', () => {
  const listen = "require('node:http').createServer().listen(80, () => console.log('listens'))";
  const said = inClone(`
    exec 3< <(exec ${process.execPath} -e "${listen}")
    server=$!
    read -r <&3
    ! ./setup.sh --docker --name localhost.localdomain --yes 2>&1
    kill $server
    ls secrets 2>&1 || true`);
  expect(said).toMatch(/^setup\.sh: Port 80 is taken by \S+ \(process \d+\), and Caddy needs it: /m);
  expect(said).toContain("cannot access 'secrets'");
});

test('a command of the same name that is somebody else’s stays', () => {
  const said = inClone(`
    echo theirs >/usr/local/bin/octoporty
    ./setup.sh --uninstall --yes
    cat /usr/local/bin/octoporty`);
  expect(said).toMatch(/^theirs$/m);
});

test('an option that lost its value takes no other option for it', () => {
  expect(spawnSync(join(DEPLOY, 'setup.sh'), ['--name', '--yes'], { encoding: 'utf8' })).toMatchObject({
    status: 1,
    stdout: '',
    stderr: 'setup.sh: --name needs a value.\n',
  });
});

test('the program stays while the agent’s service runs from it, and goes with the last', () => {
  const unit = '/etc/systemd/system/octoporty-agent.service';
  const said = inClone(`
    mkdir -p /opt/octoporty ${unit.slice(0, unit.lastIndexOf('/'))}
    echo 'ExecStart=/opt/octoporty/node_modules/octoporty/services/octoporty.mjs agent' >${unit}
    ./setup.sh --uninstall --yes
    ls -d /opt/octoporty
    rm ${unit}
    ./setup.sh --uninstall --yes
    [ ! -e /opt/octoporty ]`);
  expect(said).toMatch(/^note +\/opt\/octoporty .* stay: the agent's service/m);
  expect(said).toMatch(/^\/opt\/octoporty$/m);
  expect(said).toMatch(/^done +remove \/opt\/octoporty$/m);
});

test('the secret is for the user that .env names, and .env stays whose it was', () => {
  const setup = './setup.sh --docker --name localhost.localdomain --yes';
  const said = inClone(`
    printf 'CONTAINER_USER=1000:1001\\n' >.env && chmod 600 .env && chown 1002:1003 .env
    ${setup}
    stat -c '%u:%g %a %n' .env secrets/auth-secret
    sed -i 's/1000:1001/2000:2001/' .env
    ${setup}
    stat -c '%u:%g %a %n' .env secrets/auth-secret`);
  expect(said.match(/^\d+:\d+ .*$/gm)).toEqual([
    '1002:1003 600 .env',
    '1000:1001 600 secrets/auth-secret',
    '1002:1003 600 .env',
    '2000:2001 600 secrets/auth-secret',
  ]);
});

test('the secret is shown on a terminal, and to nothing that may keep it', () => {
  const setup = './setup.sh --docker --name localhost.localdomain --yes';
  const said = inClone(
    `${setup}; echo = on a terminal =; script --quiet --return --command '${setup}' /dev/null`,
  );
  const [kept = '', shown = ''] = said.split('= on a terminal =');
  expect(kept).toContain('sudo cat ');
  expect(kept).not.toMatch(/[0-9a-f]{64}/);
  expect(shown).toMatch(/OCTOPORTY_AUTH_SECRET=[0-9a-f]{64}/);
});

/** What it says to these words, which it refuses. */
function said(args: readonly string[]) {
  return spawnSync(join(DEPLOY, 'setup.sh'), args, { encoding: 'utf8' });
}

/** What a script of bash says that runs beside a setup.sh of its own, with stand-ins for systemd and Docker. */
function inClone(script: string): string {
  const clone = mkdtempSync(join(tmpdir(), 'octoporty-setup-'));
  onTestFinished(() => rmSync(clone, { recursive: true }));
  for (const file of ['setup.sh', 'docker-compose.yml']) copyFileSync(join(DEPLOY, file), join(clone, file));
  const mounts = ITS_PLACES.map((place) => `mount -t tmpfs none ${place}`);
  const whole = ['set -eu', ...mounts, script].join('\n');
  const env = { PATH: `${STAND_INS}:/usr/sbin:/usr/bin:/sbin:/bin`, LANG: 'C.UTF-8' };
  return execFileSync('unshare', [...UNSHARE, 'bash', '--norc', '-c', whole], {
    cwd: clone,
    env,
    encoding: 'utf8',
  });
}
