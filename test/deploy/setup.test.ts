// setup.sh on a clean Debian: it sets up a gateway that serves, changes nothing the second time, and takes all of it away.

import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect } from 'vitest';
import { caddies } from '../support/caddy.ts';
import { isExecutable, onPath, testIf } from '../support/programs.ts';
import { packAnew } from './shipped.ts';

const TRY_SETUP = fileURLToPath(new URL('setup/try-setup.sh', import.meta.url));
const PROGRAMS = ['mmdebstrap', 'dpkg-scanpackages', 'apt-ftparchive', 'gpg', 'python3', 'unshare'];

const test = testIf(
  process.getuid?.() === 0 && caddies.length > 0 && PROGRAMS.every((name) => onPath(name).some(isExecutable)),
  'These tests make a clean Debian: run them as root, with Caddy and the packages mmdebstrap, dpkg-dev, apt-utils, gpg and python3.',
);

/** A whole system, and what it installs. */
const SETUP_MS = 600_000;

let packageFile: string;

beforeAll(() => {
  packageFile = packAnew();
}, SETUP_MS);

test(
  'a clean Debian becomes a gateway, stays as it is the second time, and is clean again in the end',
  () => {
    const args = [packageFile, caddies[0]?.path ?? '', dirname(dirname(process.execPath))];
    const { status, stdout, stderr } = spawnSync(TRY_SETUP, args, { encoding: 'utf8' });
    expect(status, stdout + stderr).toBe(0);
    const said = new Map(stdout.split(/^=== /m).map((part) => [part.split('\n')[0], part]));
    expect(said.get('What it would do')).toContain('Nothing was done');
    expect(said.get('The first run')).toContain('The gateway is set up.');
    // Nobody looks at a terminal: the secret must not stand in what may become a log.
    expect(said.get('The first run')).toContain('sudo cat /etc/octoporty/auth-secret');
    expect(stdout).not.toMatch(/OCTOPORTY_AUTH_SECRET=[0-9a-f]{64}/);
    expect(said.get('The second run')).toContain('Nothing had to be changed.');
    expect(said.get('The second run')).not.toMatch(/^done/m);
    expect(said.get('What is there then')).toMatch(/-rw------- root \/etc\/octoporty\/auth-secret/);
    expect(said.get('A first agent, and a request')).toContain('from the service');
    expect(said.get('Taken away')).toContain('\ninactive\nnothing of it is left\n');
  },
  SETUP_MS,
);
