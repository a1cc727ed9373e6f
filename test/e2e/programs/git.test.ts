// git over HTTP through a tunnel: a push whose length nobody knows, and a clone of what was pushed.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Server } from 'node:http';
import { afterAll, beforeAll, expect } from 'vitest';
import { createGitOrigin, GIT_ENVIRONMENT } from '../../support/gitOrigin.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { pathOf, testWith } from '../../support/programs.ts';
import { startRig, type Rig } from '../../support/rig.ts';

const NAME = 'git.localhost';
/** Above git's `http.postBuffer` of 1 MiB, so that it sends the push in chunks. */
const FILE_BYTES = 6_000_000;
const test = testWith('git');

const AUTHOR = {
  GIT_AUTHOR_NAME: 'Visitor',
  GIT_AUTHOR_EMAIL: 'visitor@example.com',
  GIT_COMMITTER_NAME: 'Visitor',
  GIT_COMMITTER_EMAIL: 'visitor@example.com',
};

let dir: string;
let origin: Server;
let rig: Rig;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'octoporty-git-'));
  for (const name of ['served', 'work']) mkdirSync(join(dir, name));
  origin = createGitOrigin(join(dir, 'served'));
  rig = await startRig({ maps: [`${NAME}=http://127.0.0.1:${await listen(origin)}`] });
});

afterAll(async () => {
  await close(origin);
  await rig.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('a push of some megabytes arrives whole, and a clone brings the same bytes back', async () => {
  const [served, work, clone] = [join(dir, 'served'), join(dir, 'work'), join(dir, 'clone')];
  const pushes: (string | undefined)[] = [];
  origin.on('request', ({ url, headers }) => {
    if (url === '/project.git/git-receive-pack') pushes.push(headers['transfer-encoding']);
  });
  const content = randomBytes(FILE_BYTES);
  writeFileSync(join(work, 'random.bin'), content);
  await git(served, 'init', '--quiet', '--bare', '--initial-branch=main', 'project.git');
  await git(work, 'init', '--quiet', '--initial-branch=main');
  await git(work, 'add', '.');
  await git(work, 'commit', '--quiet', '--message=random bytes');
  const url = `http://${NAME}:${rig.gatewayPort}/project.git`;
  await git(work, 'push', '--quiet', url, 'main');
  // Before a push it cannot send twice, git asks with a small request whether it may at all.
  expect(pushes).toEqual([undefined, 'chunked']);

  await git(dir, 'clone', '--quiet', url, clone);
  await git(clone, 'fsck', '--full', '--strict');
  expect(await git(clone, 'rev-parse', 'HEAD')).toBe(await git(work, 'rev-parse', 'HEAD'));
  expect(readFileSync(join(clone, 'random.bin')).equals(content)).toBe(true);
});

/** What it prints; rejects with what it complains about. */
async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const settings = [`http.curloptResolve=${NAME}:${rig.gatewayPort}:127.0.0.1`, 'http.proxy='];
  const { stdout } = await promisify(execFile)(
    pathOf('git'),
    [...settings.flatMap((setting) => ['-c', setting]), ...args],
    { cwd, env: { ...GIT_ENVIRONMENT, ...AUTHOR } },
  );
  return stdout;
}
