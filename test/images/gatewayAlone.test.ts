// What the commands of the agent's side say in the gateway's image, which leaves that side out.

import { cpSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { AGENT_ONLY } from '../../deploy/images/contents.ts';
import { run, tempDir } from '../services/spawned.ts';

const LINE = 'This image holds only the gateway: run this in the image of the agent.\n';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('what only the agent’s image can do says so in one line, before it asks for settings', async () => {
  const cli = gatewayAlone();
  const commands = [['up'], ['agent'], ['backup', 'x.sqlite'], ['restore', 'x.sqlite'], ['doctor', 'agent']];
  const ended = await Promise.all(commands.map((args) => run(cli, args).ended));
  expect(ended).toEqual(commands.map(() => ({ code: 1, stdout: '', stderr: LINE })));
});

test('it tells the settings of an agent too, until one needs the agent’s database', async () => {
  const cli = gatewayAlone();
  const told = (env: Record<string, string>) => run(cli, ['config', 'agent'], env, tempDir()).ended;
  expect((await told({})).stdout).toContain('gatewayUrl');
  const { code, stderr } = await told({ OCTOPORTY_CONNECTION_STRING: 'sqlite:/nowhere/x.sqlite' });
  expect([code, stderr]).toEqual([1, LINE]);
});

test('what the gateway’s image can do asks for nothing of the agent', async () => {
  const { code, stderr } = await run(gatewayAlone(), ['gateway']).ended;
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^OCTOPORTY_AUTH_SECRET is not set: /)]);
});

/** Its command line, as a script of the repository. */
function gatewayAlone(): string {
  const app = tempDir();
  const left = AGENT_ONLY.files.map((path) => join(root, path.replace(/\.js$/, '.ts')));
  const isKept = (path: string) => !left.includes(path);
  for (const part of ['package.json', 'protocol', 'machines', 'services'])
    cpSync(join(root, part), join(app, part), { recursive: true, filter: isKept });
  symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'));
  return relative(root, join(app, 'services/cli.ts'));
}
