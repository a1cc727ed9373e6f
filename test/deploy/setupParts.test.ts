// What setup.sh asks, shows and leaves, in a namespace of mounts: the machine that runs the tests stays as it is.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { testIf } from '../support/programs.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const STAND_INS = fileURLToPath(new URL('setup', import.meta.url));

/** What setup.sh would change outside of its clone: each is an empty folder while a test runs. */
const ITS_PLACES = ['/opt', '/usr/local/bin', '/etc/systemd', '/etc/sysctl.d', '/run'];

const UNSHARE = ['--mount', '--propagation', 'private'];

const test = testIf(
  spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', '/opt']).status === 0,
  'setup.sh is tried out in a namespace of mounts: run these tests as root on Linux.',
);

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
